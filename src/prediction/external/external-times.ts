/** Times from a service outside, which is asked in the background: its last answers are what is known. */

import type { Clock, PredictedMs } from '../../domain/index.ts';
import {
  type ExecutionTimes,
  type PlaceTraits,
  type RequestShape,
  traitsOf,
} from '../execution/execution-times.ts';
import type { Place } from '../instance-class.ts';

export interface ExternalQuestion extends RequestShape {
  readonly place: PlaceTraits;
}

/** How the service is reached; an outer room knows. `undefined`: it does not know such requests. It may reject, or never answer. */
export type Ask = (question: ExternalQuestion) => Promise<PredictedMs | undefined>;

/** The service stopped answering, or answers again. */
export type ServiceNews =
  | { readonly isAnswering: true }
  | { readonly isAnswering: false; readonly reason: string };

export interface ExternalTimesParts {
  readonly ask: Ask;
  readonly clock: Clock;
  /** Told once each time it changes. Must not throw. */
  readonly onNews?: ((news: ServiceNews) => void) | undefined;
  /** An answer is asked for anew when it is older. */
  readonly refreshMs: number;
  /** An answer is used no longer than this. */
  readonly maxAgeMs: number;
  /** A question without an answer for so long counts as failed. */
  readonly timeoutMs: number;
  /** Most questions without an answer at a time. */
  readonly maxAsking: number;
  /** Most answers kept; the one used longest ago is forgotten first. */
  readonly maxAnswers: number;
}

interface KnownAnswer {
  readonly time: PredictedMs | undefined;
  readonly atMs: number;
}

const FIRST_REST_MS = 1_000;
const LONGEST_REST_MS = 30_000;

/** Nobody waits for the service: a decision takes what is known when it is made. */
export class ExternalTimes implements ExecutionTimes {
  readonly #parts: ExternalTimesParts;
  /** In order of last use. */
  readonly #answers = new Map<string, KnownAnswer>();
  /** When each question was asked that has no answer yet. */
  readonly #asking = new Map<string, number>();
  readonly #traits = new WeakMap<Place, { readonly traits: PlaceTraits; readonly key: string }>();
  #failuresInRow = 0;
  #restingUntilMs = Number.NEGATIVE_INFINITY;

  constructor(parts: ExternalTimesParts) {
    this.#parts = parts;
  }

  of(shape: RequestShape, place: Place): PredictedMs | undefined {
    const { clock, refreshMs, maxAgeMs } = this.#parts;
    const nowMs = clock.now();
    const { traits, key: placeKey } = this.#traitsOf(place);
    const key = `${shapeKey(shape)}|${placeKey}`;
    const known = this.#answers.get(key);
    const ageMs = known === undefined ? Number.POSITIVE_INFINITY : nowMs - known.atMs;
    if (ageMs > refreshMs) this.#askInBackground(key, { ...shape, place: traits }, nowMs);
    if (known === undefined || ageMs > maxAgeMs) return undefined;
    this.#answers.delete(key);
    this.#answers.set(key, known);
    return known.time;
  }

  #askInBackground(key: string, question: ExternalQuestion, nowMs: number): void {
    this.#giveUpLate(nowMs);
    if (this.#asking.has(key) || this.#asking.size >= this.#parts.maxAsking) return;
    if (nowMs < this.#restingUntilMs) return;
    this.#asking.set(key, nowMs);
    const answered = (time: PredictedMs | undefined) => {
      if (time !== undefined && !isSound(time)) return failed(new RangeError('its answer makes no sense'));
      if (this.#asking.get(key) === nowMs) this.#asking.delete(key);
      this.#keep(key, time);
    };
    const failed = (error: unknown) => {
      if (this.#asking.get(key) === nowMs && this.#asking.delete(key)) this.#failed(reasonOf(error));
    };
    // Called inside a promise, so that one that throws rather than rejects is no different.
    Promise.resolve()
      .then(() => this.#parts.ask(question))
      .then(answered, failed);
  }

  #keep(key: string, time: PredictedMs | undefined): void {
    if (this.#failuresInRow > 0) this.#parts.onNews?.({ isAnswering: true });
    this.#failuresInRow = 0;
    this.#restingUntilMs = Number.NEGATIVE_INFINITY;
    this.#answers.delete(key);
    this.#answers.set(key, { time, atMs: this.#parts.clock.now() });
    if (this.#answers.size > this.#parts.maxAnswers) {
      this.#answers.delete(this.#answers.keys().next().value!);
    }
  }

  /** Questions are in the order in which they were asked. */
  #giveUpLate(nowMs: number): void {
    const { timeoutMs } = this.#parts;
    for (const [key, askedMs] of this.#asking) {
      if (nowMs - askedMs < timeoutMs) return;
      this.#asking.delete(key);
      this.#failed(`no answer within ${timeoutMs} ms`);
    }
  }

  /** Lets the service rest, for longer each time in a row. */
  #failed(reason: string): void {
    if (this.#failuresInRow === 0) this.#parts.onNews?.({ isAnswering: false, reason });
    const restMs = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** this.#failuresInRow++);
    this.#restingUntilMs = this.#parts.clock.now() + restMs;
  }

  #traitsOf(place: Place): { readonly traits: PlaceTraits; readonly key: string } {
    const known = this.#traits.get(place);
    if (known !== undefined) return known;
    const traits = traitsOf(place);
    const fresh = { traits, key: Object.values(traits).join('|') };
    this.#traits.set(place, fresh);
    return fresh;
  }
}

/** Amounts within a fifth of each other share an answer. */
function shapeKey({ uncachedTokens, cachedTokens, outputTokens, batchSize }: RequestShape): string {
  return [uncachedTokens, cachedTokens, outputTokens, batchSize].map(bucket).join();
}

function bucket(amount: number): number {
  return Math.round(2 * Math.log2(1 + amount));
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A service may send anything. */
function isSound(time: unknown): boolean {
  const { mean, standardDeviation, p80 } = (time ?? {}) as Partial<PredictedMs>;
  return (
    Number.isFinite(mean) &&
    mean! > 0 &&
    Number.isFinite(standardDeviation) &&
    standardDeviation! >= 0 &&
    (p80 === undefined || (Number.isFinite(p80) && p80 > 0))
  );
}
