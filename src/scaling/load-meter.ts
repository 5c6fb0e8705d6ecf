/** Measures the load of each model, interval by interval, from what the scheduler's listeners hear. */

import type {
  CompletionFacts,
  ExecutionInstance,
  FailureKind,
  LifecycleListener,
  RequestMetadata,
} from '../domain/index.ts';
import { type Load, UNKNOWN_LENGTHS } from './load.ts';

export interface LoadMeterOptions {
  /** Default one minute. */
  readonly intervalMs?: number;
  /** Intervals that are kept. Default 10. */
  readonly intervals?: number;
  /** Most models; the one heard of longest ago makes room. Default 1,000. */
  readonly maxModels?: number;
}

const DEFAULTS = { intervalMs: 60_000, intervals: 10, maxModels: 1_000 } as const;
/** The newest interval ends now, not at a full minute: it moves on by a slice at a time. */
const SLICES = 6;

interface Slice {
  number: number;
  requests: number;
  promptTokens: number;
  answers: number;
  outputTokens: number;
}

interface ModelLoad {
  readonly startMs: number;
  /** A ring, by number. */
  readonly slices: readonly Slice[];
}

/** Counted is what was dispatched, once however often it was tried. */
export class LoadMeter implements LifecycleListener {
  readonly intervalMs: number;
  readonly #intervals: number;
  readonly #maxModels: number;
  readonly #sliceMs: number;
  /** In order of last feeding. */
  readonly #models = new Map<string, ModelLoad>();
  #lastFed: string | undefined;

  constructor(options: LoadMeterOptions = {}) {
    const { intervalMs, intervals, maxModels } = { ...DEFAULTS, ...options };
    this.intervalMs = intervalMs;
    this.#intervals = intervals;
    this.#maxModels = maxModels;
    this.#sliceMs = intervalMs / SLICES;
  }

  onRequestDispatched(request: RequestMetadata, _instance: ExecutionInstance, nowMs: number): void {
    const slice = this.#sliceOf(request.model, nowMs);
    slice.requests++;
    slice.promptTokens += request.promptTokens;
  }

  onRequestCompleted(
    request: RequestMetadata,
    facts: CompletionFacts,
    _instance: ExecutionInstance,
    nowMs: number,
  ): void {
    const outputTokens = request.kind === 'embedding' ? 0 : facts.outputTokens;
    if (outputTokens === undefined) return;
    const slice = this.#sliceOf(request.model, nowMs);
    slice.answers++;
    slice.outputTokens += outputTokens;
  }

  /** What waits again will be dispatched again, and is counted then. */
  onRequestFailed(
    request: RequestMetadata,
    instance: ExecutionInstance | undefined,
    nowMs: number,
    kind: FailureKind,
  ): void {
    if (instance === undefined || (kind !== 'retried' && kind !== 'pushed-back')) return;
    const slice = this.#sliceOf(request.model, nowMs);
    slice.requests--;
    slice.promptTokens -= request.promptTokens;
  }

  /**
   * The load of each interval since it was first heard of, the oldest first, the last one up to now. While not even one interval
   * has passed, what was seen is taken for as much in a whole one. Lengths that an interval does not tell are those before it.
   */
  history(model: string, nowMs: number): readonly Load[] {
    const known = this.#models.get(model);
    if (known === undefined) return [];
    const newest = this.#numberAt(nowMs);
    const whole = Math.floor((newest + 1 - this.#numberAt(known.startMs)) / SLICES);
    const count = Math.max(1, Math.min(this.#intervals, whole));
    const loads: Load[] = [];
    let before: Pick<Load, 'promptTokens' | 'outputTokens'> = UNKNOWN_LENGTHS;
    for (let back = count - 1; back >= 0; back--) {
      const last = newest - back * SLICES;
      const load = loadOf(
        known.slices.filter(({ number }) => number > last - SLICES && number <= last),
        before,
        back === 0 ? this.intervalMs / this.#coveredMs(known, nowMs) : 1,
      );
      loads.push(load);
      before = load;
    }
    return loads;
  }

  /** How much of the newest interval lies behind; at least a slice, for less would say too little. */
  #coveredMs({ startMs }: ModelLoad, nowMs: number): number {
    const firstMs = (this.#numberAt(nowMs) - SLICES + 1) * this.#sliceMs;
    return Math.max(this.#sliceMs, nowMs - Math.max(firstMs, startMs));
  }

  #numberAt(nowMs: number): number {
    return Math.floor(nowMs / this.#sliceMs);
  }

  #sliceOf(model: string, nowMs: number): Slice {
    const known = this.#models.get(model) ?? this.#newModel(nowMs);
    if (model !== this.#lastFed) this.#makeLast(model, known);
    const number = this.#numberAt(nowMs);
    const slice = known.slices[number % known.slices.length]!;
    if (slice.number !== number) Object.assign(slice, emptySlice(number));
    return slice;
  }

  #makeLast(model: string, load: ModelLoad): void {
    this.#lastFed = model;
    this.#models.delete(model);
    this.#models.set(model, load);
    if (this.#models.size > this.#maxModels) this.#models.delete(this.#models.keys().next().value!);
  }

  #newModel(startMs: number): ModelLoad {
    const count = this.#intervals * SLICES;
    return { startMs, slices: Array.from({ length: count }, () => emptySlice(Number.NEGATIVE_INFINITY)) };
  }
}

function emptySlice(number: number): Slice {
  return { number, requests: 0, promptTokens: 0, answers: 0, outputTokens: 0 };
}

function loadOf(
  slices: readonly Slice[],
  before: Pick<Load, 'promptTokens' | 'outputTokens'>,
  scale: number,
): Load {
  const sum = (field: keyof Slice) => slices.reduce((total, slice) => total + slice[field], 0);
  const [requests, answers] = [sum('requests'), sum('answers')];
  return {
    requests: Math.max(0, requests) * scale,
    promptTokens: requests > 0 ? sum('promptTokens') / requests : before.promptTokens,
    outputTokens: answers > 0 ? sum('outputTokens') / answers : before.outputTokens,
  };
}
