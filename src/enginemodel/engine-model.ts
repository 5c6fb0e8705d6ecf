/** The model of a continuous-batching engine: a pure state machine driven by whoever holds the clock. */

import type { Batch } from './batch-scheduler.ts';
import { BatchScheduler } from './batch-scheduler.ts';
import { BlockPool } from './block-pool.ts';
import type { EngineModelEvent, EngineModelGauges, RejectReason } from './events.ts';
import type { EngineProfile } from './profile.ts';
import type { ModelRequest, Sequence } from './sequence.ts';
import { createSequence, footprintTokens } from './sequence.ts';
import { StepRun } from './step-run.ts';
import { stepGrowthMs, stepTimeMs } from './step-time.ts';

export interface EngineModelOptions {
  /** Tokens in a KV block: 16 in vLLM. */
  readonly blockTokens: number;
  /** Whether blocks are reused across requests. */
  readonly prefixCaching: boolean;
  /** Whether `advance` reports every token (`tokens` events) and not only first tokens and ends. */
  readonly reportTokens: boolean;
  /** Whether steps of an unchanged batch are taken at one go. The outcome is the same; only the cost differs. */
  readonly macroSteps: boolean;
}

const DEFAULTS: EngineModelOptions = {
  blockTokens: 16,
  prefixCaching: true,
  reportTokens: false,
  macroSteps: true,
};

interface ActiveRun {
  readonly batch: Batch;
  readonly time: StepRun;
  /** Steps whose effect on the sequences has been booked. */
  bookedSteps: number;
  /** Steps whose tokens have been reported. */
  reportedSteps: number;
}

const newTotals = () => ({
  prefixCacheQueriesTokens: 0,
  prefixCacheHitsTokens: 0,
  promptTokensTotal: 0,
  generationTokensTotal: 0,
  requestsFinishedTotal: 0,
  preemptionsTotal: 0,
  computedTokensTotal: 0,
  lostTokensTotal: 0,
  stepsTotal: 0,
});

/**
 * Times are milliseconds on the caller's clock and never go backwards. What arrives at an instant is submitted before
 * `advance` is called for that instant; a step that starts there then includes it. How often `advance` is called
 * changes no outcome and no timestamp.
 */
export class EngineModel {
  readonly profile: EngineProfile;
  readonly options: EngineModelOptions;
  readonly #pool: BlockPool;
  readonly #scheduler: BatchScheduler;
  readonly #byId = new Map<string, Sequence>();
  readonly #totals = newTotals();
  #events: EngineModelEvent[] = [];
  #run: ActiveRun | undefined;
  #nowMs = Number.NEGATIVE_INFINITY;
  /** Up to where steps have been started, by the last `advance`. */
  #advancedToMs = Number.NEGATIVE_INFINITY;

  constructor(profile: EngineProfile, options: Partial<EngineModelOptions> = {}) {
    this.profile = profile;
    this.options = { ...DEFAULTS, ...options };
    const { blockTokens, prefixCaching } = this.options;
    if (!(Number.isSafeInteger(blockTokens) && blockTokens > 0)) {
      throw new RangeError(`blockTokens is ${blockTokens}; a whole number above 0 is allowed`);
    }
    this.#pool = new BlockPool(Math.floor(profile.kvCacheTokens / blockTokens));
    const { maxBatchedTokens, maxSequences } = profile;
    const limits = { blockTokens, maxBatchedTokens, maxSequences, prefixCaching };
    this.#scheduler = new BatchScheduler(this.#pool, limits);
  }

  /** Why this request could never run here, if so. */
  rejects(request: ModelRequest): RejectReason | undefined {
    const footprint = footprintTokens(request);
    if (footprint + 1 > this.profile.maxModelTokens) return 'context_length_exceeded';
    if (footprint > this.#pool.totalBlocks * this.options.blockTokens) return 'kv_cache_too_small';
    return undefined;
  }

  submit(request: ModelRequest, nowMs: number): void {
    this.#check(request);
    this.#moveTo(nowMs);
    const reason = this.rejects(request);
    if (reason !== undefined) {
      this.#events.push({ type: 'rejected', id: request.id, atMs: nowMs, reason });
      return;
    }
    // Behind others it changes nothing for the steps ahead; at the head it may be let in at the next one.
    if (this.#scheduler.waiting.length === 0) this.#endRunSoon(nowMs);
    const sequence = createSequence(request);
    this.#byId.set(request.id, sequence);
    this.#scheduler.waiting.push(sequence);
  }

  /** Forgets a request: a waiting one at once, a running one when the step in progress ends. False if it is not here. */
  cancel(id: string, nowMs: number): boolean {
    this.#moveTo(nowMs);
    const sequence = this.#byId.get(id);
    if (sequence === undefined) return false;
    this.#byId.delete(id);
    sequence.isCancelled = true;
    this.#endRunSoon(nowMs);
    if (!this.#scheduler.running.includes(sequence)) this.#scheduler.waiting.forgetCancelled();
    return true;
  }

  /** When `advance` next has something to do; infinite while there is nothing to run. */
  nextEventMs(): number {
    if (this.#run !== undefined) {
      const { time, reportedSteps } = this.#run;
      return this.options.reportTokens ? time.endOfStepMs(reportedSteps + 1) : time.endMs;
    }
    return this.#scheduler.waiting.length > 0 || this.#events.length > 0 ? this.#nowMs : Infinity;
  }

  /** Lives through everything up to and including `toMs` and tells what happened, in order. */
  advance(toMs: number): EngineModelEvent[] {
    this.#moveTo(toMs);
    this.#process(toMs, true);
    this.#advancedToMs = toMs;
    const events = this.#events;
    this.#events = [];
    return events;
  }

  gauges(): EngineModelGauges {
    if (this.#run !== undefined) this.#book(this.#run, this.#run.time.stepsEndedBy(this.#nowMs));
    const { usedBlocks, totalBlocks } = this.#pool;
    return {
      ...this.#totals,
      waitingRequests: this.#scheduler.waiting.length,
      runningRequests: this.#scheduler.running.length,
      usedBlocks,
      totalBlocks,
      kvCacheUsage: usedBlocks / totalBlocks,
      kvCacheTokens: totalBlocks * this.options.blockTokens,
    };
  }

  #check(request: ModelRequest): void {
    for (const field of ['promptTokens', 'outputTokens'] as const) {
      const value = request[field];
      if (Number.isSafeInteger(value) && value >= 1) continue;
      throw new RangeError(
        `${field} of request '${request.id}' is ${value}; a whole number above 0 is allowed`,
      );
    }
    if (this.#byId.has(request.id)) throw new RangeError(`request '${request.id}' is already in the engine`);
  }

  /** Up to but not including what happens right at `nowMs`, which what arrives then may still change. */
  #moveTo(nowMs: number): void {
    if (!(nowMs >= this.#nowMs)) {
      throw new RangeError(`the engine model at ${this.#nowMs} ms cannot move to ${nowMs} ms`);
    }
    this.#process(nowMs, false);
    this.#nowMs = nowMs;
  }

  #process(limitMs: number, isInclusive: boolean): void {
    const isDue = (atMs: number) => atMs < limitMs || (isInclusive && atMs === limitMs);
    if (this.#run === undefined && this.#scheduler.waiting.length > 0 && isDue(this.#nowMs)) {
      this.#startRun(this.#nowMs);
    }
    while (this.#run !== undefined && isDue(this.#run.time.endMs)) {
      const endMs = this.#run.time.endMs;
      this.#finishRun(this.#run);
      this.#run = undefined;
      if (this.#scheduler.running.length > 0 || this.#scheduler.waiting.length > 0) this.#startRun(endMs);
    }
    if (this.#run !== undefined && this.options.reportTokens) {
      const { time } = this.#run;
      this.#reportSteps(this.#run, isInclusive ? time.stepsEndedBy(limitMs) : time.stepsEndedBefore(limitMs));
    }
  }

  #startRun(startMs: number): void {
    const batch = this.#scheduler.next();
    this.#announce(batch, startMs);
    let decodeKvTokens = 0;
    for (const sequence of batch.decodes) decodeKvTokens += sequence.computedTokens;
    const load = { decodes: batch.decodes.length, decodeKvTokens, chunks: batch.chunks };
    const steps = this.options.macroSteps ? this.#scheduler.unchangedSteps(batch) : 1;
    const growthMs = stepGrowthMs(this.profile, batch.decodes.length);
    const time = new StepRun(startMs, stepTimeMs(this.profile, load), growthMs, steps);
    this.#run = { batch, time, bookedSteps: 0, reportedSteps: 0 };
  }

  #announce(batch: Batch, atMs: number): void {
    for (const sequence of batch.preempted) {
      this.#totals.preemptionsTotal++;
      this.#totals.lostTokensTotal += sequence.computedTokens;
      sequence.computedTokens = 0;
      this.#events.push({ type: 'preempted', id: sequence.id, atMs });
    }
    for (const sequence of batch.admitted) {
      if (sequence.wasAdmitted) {
        this.#totals.lostTokensTotal -= sequence.computedTokens;
        continue;
      }
      sequence.wasAdmitted = true;
      sequence.cachedTokens = sequence.computedTokens;
      this.#totals.prefixCacheQueriesTokens += sequence.promptTokens;
      this.#totals.prefixCacheHitsTokens += sequence.cachedTokens;
      this.#events.push({ type: 'admitted', id: sequence.id, atMs, cachedTokens: sequence.cachedTokens });
    }
  }

  /** The run ends with the step in progress, or with one ending right now that `advance` has not gone past. */
  #endRunSoon(nowMs: number): void {
    if (this.#run === undefined) return;
    const { time } = this.#run;
    time.cutAfter(Math.max(time.stepsEndedBefore(nowMs), time.stepsEndedBy(this.#advancedToMs)) + 1);
  }

  /** Brings sequences and blocks to where they are after `steps` steps of the run, the next one's block included. */
  #book(run: ActiveRun, steps: number): void {
    const done = steps - run.bookedSteps;
    if (done === 0) return;
    const inProgress = steps < run.time.steps ? 1 : 0;
    run.bookedSteps = steps;
    for (const sequence of run.batch.decodes) {
      sequence.computedTokens += done;
      sequence.emittedTokens += done;
      this.#scheduler.growTo(sequence, sequence.computedTokens + inProgress);
    }
    const tokens = done * run.batch.decodes.length;
    this.#totals.computedTokensTotal += tokens;
    this.#totals.generationTokensTotal += tokens;
    this.#totals.stepsTotal += done;
  }

  #finishRun(run: ActiveRun): void {
    const { steps, endMs } = run.time;
    if (this.options.reportTokens) this.#reportSteps(run, steps - 1);
    this.#book(run, steps);
    for (const sequence of run.batch.decodes) this.#scheduler.shareComputed(sequence);
    const withToken = run.batch.decodes.slice();
    for (const { sequence, tokens } of run.batch.chunks) {
      sequence.computedTokens += tokens;
      this.#totals.computedTokensTotal += tokens;
      this.#scheduler.shareComputed(sequence);
      if (sequence.computedTokens < sequence.promptTokens + sequence.emittedTokens) continue;
      if (!sequence.isCancelled) this.#emitFirst(sequence, endMs);
      withToken.push(sequence);
    }
    if (this.options.reportTokens) this.#pushTokens(withToken, endMs);
    this.#retireFinished(withToken, endMs);
  }

  /** The token that a completed prefill yields: the first one, or the next one after a preemption. */
  #emitFirst(sequence: Sequence, atMs: number): void {
    const isFirst = sequence.emittedTokens++ === 0;
    this.#totals.generationTokensTotal++;
    if (!isFirst) return;
    this.#totals.promptTokensTotal += sequence.promptTokens;
    this.#events.push({ type: 'first-token', id: sequence.id, atMs });
  }

  #retireFinished(candidates: readonly Sequence[], atMs: number): void {
    const isFinished = (sequence: Sequence) => sequence.emittedTokens >= sequence.outputTokens;
    for (const sequence of candidates) {
      if (sequence.isCancelled || !isFinished(sequence)) continue;
      this.#byId.delete(sequence.id);
      this.#totals.requestsFinishedTotal++;
      this.#events.push({ type: 'finished', id: sequence.id, atMs });
    }
    this.#scheduler.retire((sequence) => sequence.isCancelled || isFinished(sequence));
  }

  #reportSteps(run: ActiveRun, steps: number): void {
    while (run.reportedSteps < steps) {
      run.reportedSteps++;
      this.#pushTokens(run.batch.decodes, run.time.endOfStepMs(run.reportedSteps));
    }
  }

  #pushTokens(sequences: readonly Sequence[], atMs: number): void {
    const ids: string[] = [];
    for (const sequence of sequences) if (!sequence.isCancelled) ids.push(sequence.id);
    if (ids.length > 0) this.#events.push({ type: 'tokens', ids, atMs });
  }
}
