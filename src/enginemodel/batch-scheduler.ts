/** Who takes part in the next engine step: vLLM V1's rules over the running batch, the waiting line and the KV cache. */

import type { BlockPool } from './block-pool.ts';
import type { Sequence } from './sequence.ts';
import { isDecoding, knownTokens, uncomputedTokens } from './sequence.ts';
import { WaitingLine } from './waiting-line.ts';

export interface BatchLimits {
  readonly blockTokens: number;
  readonly maxBatchedTokens: number;
  readonly maxSequences: number;
  readonly prefixCaching: boolean;
}

export interface Chunk {
  readonly sequence: Sequence;
  readonly contextTokens: number;
  readonly tokens: number;
}

/** One step's work. */
export interface Batch {
  /** Sequences that compute one token each. */
  readonly decodes: Sequence[];
  readonly chunks: Chunk[];
  readonly admitted: Sequence[];
  readonly preempted: Sequence[];
}

/**
 * Decodes first, then the prefill in progress, then admissions from the waiting line while budget, `maxSequences` and
 * blocks last; who does not fit blocks those behind. Prefills are admitted only while budget is left and a partial one
 * uses it up, so only the youngest running sequence can be in prefill.
 */
export class BatchScheduler {
  readonly waiting = new WaitingLine();
  readonly #limits: BatchLimits;
  readonly #pool: BlockPool;
  #running: Sequence[] = [];

  constructor(pool: BlockPool, limits: BatchLimits) {
    this.#pool = pool;
    this.#limits = limits;
  }

  /** In order of admission. */
  get running(): readonly Sequence[] {
    return this.#running;
  }

  next(): Batch {
    const batch: Batch = { decodes: [], chunks: [], admitted: [], preempted: [] };
    let budget = this.#scheduleDecodes(batch);
    budget = this.#continuePrefill(batch, budget);
    if (batch.preempted.length === 0) this.#admit(batch, budget);
    return batch;
  }

  /** Ends what `isOver` picks: its blocks are free from now on. */
  retire(isOver: (sequence: Sequence) => boolean): void {
    if (!this.#running.some(isOver)) return;
    const staying: Sequence[] = [];
    for (const sequence of this.#running) {
      if (isOver(sequence)) this.#releaseBlocks(sequence);
      else staying.push(sequence);
    }
    this.#running = staying;
  }

  /** Gives `sequence` the blocks for its first `tokens` tokens; the caller knows that they are free. */
  growTo(sequence: Sequence, tokens: number): void {
    const missing = this.#blocksFor(tokens) - sequence.blocks.length;
    if (missing > 0) this.#pool.allocate(missing, sequence.blocks);
  }

  /** Lets others find the full blocks that `sequence` has computed. */
  shareComputed(sequence: Sequence): void {
    if (!this.#limits.prefixCaching) return;
    const full = Math.floor(sequence.computedTokens / this.#limits.blockTokens);
    const keyed = Math.min(full, sequence.blockKeys.length);
    for (; sequence.sharedBlocks < keyed; sequence.sharedBlocks++) {
      const block = sequence.sharedBlocks;
      this.#pool.share(sequence.blocks[block]!, sequence.blockKeys[block]!);
    }
  }

  /** How many more steps this batch can run as it is: until one finishes, fills a block to share, or blocks run out. */
  unchangedSteps(batch: Batch): number {
    if (batch.chunks.length > 0 || batch.preempted.length > 0) return 1;
    const { blockTokens, prefixCaching } = this.#limits;
    let steps = Number.POSITIVE_INFINITY;
    for (const sequence of batch.decodes) {
      steps = Math.min(steps, sequence.outputTokens - sequence.emittedTokens);
      if (prefixCaching && sequence.sharedBlocks < sequence.blockKeys.length) {
        steps = Math.min(steps, (sequence.sharedBlocks + 1) * blockTokens - sequence.computedTokens);
      }
    }
    return this.#stepsThatFit(batch.decodes, Math.max(1, steps));
  }

  #scheduleDecodes(batch: Batch): number {
    let budget = this.#limits.maxBatchedTokens;
    for (let i = 0; i < this.#running.length && budget > 0; i++) {
      const sequence = this.#running[i]!;
      if (!isDecoding(sequence)) continue;
      if (!this.#reserve(sequence, 1, batch)) break;
      batch.decodes.push(sequence);
      budget--;
    }
    return budget;
  }

  #continuePrefill(batch: Batch, budget: number): number {
    const sequence = this.#running.at(-1);
    if (sequence === undefined || isDecoding(sequence)) return budget;
    const tokens = Math.min(uncomputedTokens(sequence), budget);
    if (tokens === 0 || !this.#reserve(sequence, tokens, batch)) return budget;
    batch.chunks.push({ sequence, contextTokens: sequence.computedTokens, tokens });
    return budget - tokens;
  }

  #admit(batch: Batch, budgetLeft: number): void {
    let budget = budgetLeft;
    while (budget > 0 && this.#running.length < this.#limits.maxSequences) {
      const sequence = this.waiting.peek();
      if (sequence === undefined || !this.#takePrefix(sequence)) return;
      this.waiting.take();
      this.#running.push(sequence);
      const tokens = Math.min(uncomputedTokens(sequence), budget);
      this.growTo(sequence, sequence.computedTokens + tokens);
      batch.chunks.push({ sequence, contextTokens: sequence.computedTokens, tokens });
      batch.admitted.push(sequence);
      budget -= tokens;
    }
  }

  /**
   * Looks up the prefix at admission; full blocks only, and at least one token is computed anew. As in vLLM V1, all
   * blocks of the known tokens must be free before a request is let in, although they are taken chunk by chunk.
   */
  #takePrefix(sequence: Sequence): boolean {
    const known = knownTokens(sequence);
    const { blockTokens, prefixCaching } = this.#limits;
    const limit = Math.min(sequence.blockKeys.length, Math.floor((known - 1) / blockTokens));
    const hit = this.#pool.lookup(sequence.blockKeys, prefixCaching ? limit : 0);
    if (this.#blocksFor(known) - hit.blocks + hit.freeBlocks > this.#pool.freeBlocks) return false;
    this.#pool.acquire(sequence.blockKeys, hit.blocks, sequence.blocks);
    sequence.sharedBlocks = hit.blocks;
    sequence.computedTokens = hit.blocks * blockTokens;
    return true;
  }

  /** Room for `tokens` more; preempts the youngest while there is none. False if `sequence` itself had to go. */
  #reserve(sequence: Sequence, tokens: number, batch: Batch): boolean {
    const missing = this.#blocksFor(sequence.computedTokens + tokens) - sequence.blocks.length;
    while (this.#pool.freeBlocks < missing) {
      const victim = this.#running.pop()!;
      this.#releaseBlocks(victim);
      this.waiting.putBack(victim);
      batch.preempted.push(victim);
      if (victim === sequence) return false;
    }
    if (missing > 0) this.#pool.allocate(missing, sequence.blocks);
    return true;
  }

  #releaseBlocks(sequence: Sequence): void {
    this.#pool.release(sequence.blocks);
    sequence.blocks.length = 0;
    sequence.sharedBlocks = 0;
  }

  #blocksFor(tokens: number): number {
    return Math.ceil(tokens / this.#limits.blockTokens);
  }

  /** The largest number of steps up to `wanted` for which all decodes find blocks without preemption. */
  #stepsThatFit(decodes: readonly Sequence[], wanted: number): number {
    if (this.#missingBlocks(decodes, wanted) <= this.#pool.freeBlocks) return wanted;
    let fits = 1;
    let tooMany = wanted;
    while (tooMany - fits > 1) {
      const middle = Math.floor((fits + tooMany) / 2);
      if (this.#missingBlocks(decodes, middle) <= this.#pool.freeBlocks) fits = middle;
      else tooMany = middle;
    }
    return fits;
  }

  #missingBlocks(decodes: readonly Sequence[], steps: number): number {
    let missing = 0;
    for (const sequence of decodes) {
      missing += this.#blocksFor(sequence.computedTokens + steps) - sequence.blocks.length;
    }
    return missing;
  }
}
