/** The sequences of one context: lent to one request each, in the order of asking, to the one whose cache fits best. */

import { chooseSequence } from './choose-sequence.ts';

export interface CachingSequence {
  /** What the sequence's KV cache holds. */
  readonly contextTokens: readonly number[];
}

interface Waiting<S> {
  readonly grant: (sequence: S) => void;
  readonly refuse: (reason: unknown) => void;
}

export class SequencePool<S extends CachingSequence> {
  /** Least recently used first. */
  readonly #free: S[];
  readonly #lent = new Set<S>();
  readonly #waiting: Waiting<S>[] = [];
  #closedBecause: unknown;

  constructor(sequences: readonly S[]) {
    this.#free = [...sequences];
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get lent(): ReadonlySet<S> {
    return this.#lent;
  }

  /** Waits for a sequence; rejects with the signal's reason when it is aborted before there is one. */
  async acquire(prompt: readonly number[], signal: AbortSignal): Promise<S> {
    signal.throwIfAborted();
    if (this.#closedBecause !== undefined) throw this.#closedBecause;
    if (this.#free.length === 0) return this.#wait(signal);
    const index = chooseSequence(
      this.#free.map((sequence) => sequence.contextTokens),
      prompt,
    );
    const [sequence] = this.#free.splice(index, 1);
    this.#lent.add(sequence!);
    return sequence!;
  }

  release(sequence: S): void {
    if (!this.#lent.has(sequence)) throw new Error('This sequence is not lent.');
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next.grant(sequence);
      return;
    }
    this.#lent.delete(sequence);
    this.#free.push(sequence);
  }

  /** Refuses whoever waits and whoever comes; what is lent stays lent. */
  close(reason: Error): void {
    this.#closedBecause = reason;
    for (const waiting of this.#waiting.splice(0)) waiting.refuse(reason);
  }

  #wait(signal: AbortSignal): Promise<S> {
    return new Promise((resolve, reject) => {
      const abandon = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal.reason);
      };
      const waiting: Waiting<S> = {
        grant: (sequence) => {
          signal.removeEventListener('abort', abandon);
          resolve(sequence);
        },
        refuse: (reason) => {
          signal.removeEventListener('abort', abandon);
          reject(reason);
        },
      };
      this.#waiting.push(waiting);
      signal.addEventListener('abort', abandon, { once: true });
    });
  }
}
