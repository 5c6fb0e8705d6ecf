/** Times from a service outside, which is asked in the background: its last answers are used, and a fallback while there is none. */

import type { Clock, ForecastFacts, PredictedMs, StepCoefficients } from '../../domain/index.ts';
import type { Place } from '../instance-class.ts';
import type { LatencyModel, Observation } from '../latency-model.ts';

export interface ExternalQuestion extends ForecastFacts {
  readonly instanceClass: string;
  readonly engine: string;
  readonly gpuType?: string;
  readonly gpuCount: number;
}

export interface ExternalAnswer {
  readonly ttft: PredictedMs;
  readonly tpot: PredictedMs;
}

/** How the service is reached; an outer room knows. It may reject, or never answer. */
export type Ask = (question: ExternalQuestion) => Promise<ExternalAnswer>;

export interface ExternalModelParts {
  readonly ask: Ask;
  readonly clock: Clock;
  readonly fallback: LatencyModel;
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

interface KnownAnswer extends ExternalAnswer {
  readonly atMs: number;
}

const FIRST_REST_MS = 1_000;
const LONGEST_REST_MS = 30_000;

/** Nobody waits for the service: a decision takes what is known when it is made. */
export class ExternalModel implements LatencyModel {
  readonly #parts: ExternalModelParts;
  /** In order of last use. */
  readonly #answers = new Map<string, KnownAnswer>();
  /** When each question was asked that has no answer yet. */
  readonly #asking = new Map<string, number>();
  #failuresInRow = 0;
  #restingUntilMs = Number.NEGATIVE_INFINITY;

  constructor(parts: ExternalModelParts) {
    this.#parts = parts;
  }

  /** A service tells times, not coefficients; those are the fallback's. */
  coefficients(place: Place): StepCoefficients {
    return this.#parts.fallback.coefficients(place);
  }

  ttft(facts: ForecastFacts, place: Place): PredictedMs {
    return this.#answer(facts, place)?.ttft ?? this.#parts.fallback.ttft(facts, place);
  }

  tpot(facts: ForecastFacts, place: Place): PredictedMs {
    return this.#answer(facts, place)?.tpot ?? this.#parts.fallback.tpot(facts, place);
  }

  learn(observation: Observation, place: Place): void {
    this.#parts.fallback.learn?.(observation, place);
  }

  forgetInstance(instanceId: string): void {
    this.#parts.fallback.forgetInstance?.(instanceId);
  }

  #answer(facts: ForecastFacts, place: Place): KnownAnswer | undefined {
    const { clock, refreshMs, maxAgeMs } = this.#parts;
    const nowMs = clock.now();
    const key = keyOf(facts, place);
    const known = this.#answers.get(key);
    const ageMs = known === undefined ? Number.POSITIVE_INFINITY : nowMs - known.atMs;
    if (ageMs > refreshMs) this.#askInBackground(key, questionOf(facts, place), nowMs);
    if (known === undefined || ageMs > maxAgeMs) return undefined;
    this.#answers.delete(key);
    this.#answers.set(key, known);
    return known;
  }

  #askInBackground(key: string, question: ExternalQuestion, nowMs: number): void {
    this.#giveUpLate(nowMs);
    if (this.#asking.has(key) || this.#asking.size >= this.#parts.maxAsking) return;
    if (nowMs < this.#restingUntilMs) return;
    this.#asking.set(key, nowMs);
    const ended = (answer: ExternalAnswer | undefined) => {
      const wasAwaited = this.#asking.get(key) === nowMs && this.#asking.delete(key);
      if (answer !== undefined && isSound(answer)) this.#keep(key, answer);
      else if (wasAwaited) this.#failed();
    };
    // Called inside a promise, so that one that throws rather than rejects is no different.
    Promise.resolve()
      .then(() => this.#parts.ask(question))
      .then(ended, () => ended(undefined));
  }

  #keep(key: string, { ttft, tpot }: ExternalAnswer): void {
    this.#failuresInRow = 0;
    this.#restingUntilMs = Number.NEGATIVE_INFINITY;
    this.#answers.delete(key);
    this.#answers.set(key, { ttft, tpot, atMs: this.#parts.clock.now() });
    if (this.#answers.size > this.#parts.maxAnswers) {
      this.#answers.delete(this.#answers.keys().next().value!);
    }
  }

  /** Questions are in the order in which they were asked. */
  #giveUpLate(nowMs: number): void {
    for (const [key, askedMs] of this.#asking) {
      if (nowMs - askedMs < this.#parts.timeoutMs) return;
      this.#asking.delete(key);
      this.#failed();
    }
  }

  /** Lets the service rest, for longer each time in a row. */
  #failed(): void {
    const restMs = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** this.#failuresInRow++);
    this.#restingUntilMs = this.#parts.clock.now() + restMs;
  }
}

/** Amounts within a fifth of each other share an answer. */
function keyOf(facts: ForecastFacts, { model, instanceClass }: Place): string {
  const { uncachedTokens, cachedTokens, queuedPrefillTokens, decodingRequests, kvTokens } = facts;
  const amounts = [uncachedTokens, cachedTokens, queuedPrefillTokens, decodingRequests, kvTokens];
  return `${amounts.map(bucket).join()}|${instanceClass}|${model}`;
}

function bucket(amount: number): number {
  return Math.round(2 * Math.log2(1 + amount));
}

function questionOf(facts: ForecastFacts, { instance, instanceClass }: Place): ExternalQuestion {
  const { engine, gpuType, gpuCount } = instance;
  return { ...facts, instanceClass, engine, gpuCount, ...(gpuType !== undefined && { gpuType }) };
}

/** A service may send anything. */
function isSound(answer: unknown): boolean {
  const { ttft, tpot } = (answer ?? {}) as Partial<ExternalAnswer>;
  return [ttft, tpot].every(
    (time) =>
      Number.isFinite(time?.mean) &&
      time!.mean > 0 &&
      Number.isFinite(time?.standardDeviation) &&
      time!.standardDeviation >= 0 &&
      (time!.p80 === undefined || (Number.isFinite(time!.p80) && time!.p80 > 0)),
  );
}
