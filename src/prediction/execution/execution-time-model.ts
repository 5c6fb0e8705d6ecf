/** Times to first token and per token from somebody's times of whole requests: how those divide, another model says. */

import type { ForecastFacts, PredictedMs, StepCoefficients } from '../../domain/index.ts';
import type { Place } from '../instance-class.ts';
import type { LatencyModel, Observation, PredictionSources } from '../latency-model.ts';
import { scaledCoefficients } from '../online/scaled-coefficients.ts';
import type { ExecutionTimes, RequestShape } from './execution-times.ts';

export interface ExecutionTimeModelParts {
  readonly times: ExecutionTimes;
  /** Divides times, learns, and stands in where no time is known. */
  readonly base: LatencyModel;
}

/** A whole time as a multiple of what the base says of it. */
interface Ratio {
  readonly factor: number;
  /** Of the whole time, as shares of its mean; 0 where nothing is told of the spread. */
  readonly deviation: number;
  readonly p80: number | undefined;
}

/**
 * Whoever tells times in other units, or of other machines, is believed up to here: what requests take from each other, which
 * spreads them over the instances, must not vanish beside it.
 */
const MAX_FACTOR = 20;
/** Weight of the newest request in what is usual. */
const USUAL_WEIGHT = 0.05;
const MAX_MODELS = 256;
const FIRST_SHAPE = { uncachedTokens: 512, cachedTokens: 0, outputTokens: 256 } as const;

type Usual = { -readonly [Key in keyof typeof FIRST_SHAPE]: number };

export class ExecutionTimeModel implements LatencyModel {
  readonly #times: ExecutionTimes;
  readonly #base: LatencyModel;
  readonly #usual = new Map<string, Usual>();
  readonly #handedOut = new WeakMap<
    Place,
    { of: StepCoefficients; factor: number; scaled: StepCoefficients }
  >();
  readonly #lastTold = new WeakMap<Place, Usual>();
  #told = 0;
  #stoodIn = 0;

  constructor({ times, base }: ExecutionTimeModelParts) {
    this.#times = times;
    this.#base = base;
  }

  /** The base's, stretched as a usual request of the model is. */
  coefficients(place: Place): StepCoefficients {
    const of = this.#base.coefficients(place);
    const factor = this.#usualFactor(place);
    if (factor === undefined) return of;
    const known = this.#handedOut.get(place);
    if (known !== undefined && known.of === of && known.factor === factor) return known.scaled;
    const scaled = scaledCoefficients(of, factor);
    this.#handedOut.set(place, { of, factor, scaled });
    return scaled;
  }

  ttft(facts: ForecastFacts, place: Place): PredictedMs {
    this.#note(facts, place.model);
    const ratio = this.#ratio(shapeOf(facts), { ...facts, ...NO_QUEUE }, place);
    if (ratio === undefined) this.#stoodIn++;
    else this.#told++;
    return stretched(this.#base.ttft(facts, place), ratio);
  }

  tpot(facts: ForecastFacts, place: Place): PredictedMs {
    const ratio = this.#ratio(shapeOf(facts), { ...facts, ...NO_QUEUE }, place);
    return stretched(this.#base.tpot(facts, place), ratio);
  }

  learn(observation: Observation, place: Place): void {
    this.#base.learn?.(observation, place);
  }

  forgetInstance(instanceId: string): void {
    this.#base.forgetInstance?.(instanceId);
  }

  sources(): PredictionSources {
    return { told: this.#told, stoodIn: this.#stoodIn };
  }

  /** Where nothing is told yet of what is usual now, what was usual when something was told still is. */
  #usualFactor(place: Place): number | undefined {
    const now = this.#usual.get(place.model) ?? FIRST_SHAPE;
    const factor = this.#factorOf(now, place);
    if (factor !== undefined) {
      this.#lastTold.set(place, { ...now });
      return factor;
    }
    const before = this.#lastTold.get(place);
    return before === undefined ? undefined : this.#factorOf(before, place);
  }

  #factorOf(usual: Usual, place: Place): number | undefined {
    const { instance, model } = place;
    const facts = { instanceId: instance.id, model, ...usual, ...NO_QUEUE, decodingRequests: 0, kvTokens: 0 };
    return this.#ratio({ ...usual, batchSize: 1 }, facts, place)?.factor;
  }

  #ratio(shape: RequestShape, alone: ForecastFacts, place: Place): Ratio | undefined {
    const time = this.#times.of(shape, place);
    if (time === undefined) return undefined;
    const more = Math.max(0, shape.outputTokens - 1);
    const wholeMs = this.#base.ttft(alone, place).mean + more * this.#base.tpot(alone, place).mean;
    const factor = time.mean / wholeMs;
    if (!Number.isFinite(factor)) return undefined;
    return {
      factor: Math.min(MAX_FACTOR, Math.max(1 / MAX_FACTOR, factor)),
      deviation: time.standardDeviation / time.mean,
      p80: time.p80 === undefined ? undefined : time.p80 / time.mean,
    };
  }

  #note({ uncachedTokens, cachedTokens, outputTokens }: ForecastFacts, model: string): void {
    let usual = this.#usual.get(model);
    if (usual === undefined) {
      if (this.#usual.size >= MAX_MODELS) this.#usual.clear();
      usual = { uncachedTokens, cachedTokens, outputTokens: outputTokens ?? FIRST_SHAPE.outputTokens };
      this.#usual.set(model, usual);
      return;
    }
    usual.uncachedTokens += USUAL_WEIGHT * (uncachedTokens - usual.uncachedTokens);
    usual.cachedTokens += USUAL_WEIGHT * (cachedTokens - usual.cachedTokens);
    usual.outputTokens += USUAL_WEIGHT * ((outputTokens ?? usual.outputTokens) - usual.outputTokens);
  }
}

const NO_QUEUE = { queuedPrefillTokens: 0, queuedPrefillPairs: 0 } as const;

function shapeOf(facts: ForecastFacts): RequestShape {
  const { uncachedTokens, cachedTokens, decodingRequests, outputTokens = FIRST_SHAPE.outputTokens } = facts;
  return { uncachedTokens, cachedTokens, outputTokens, batchSize: decodingRequests + 1 };
}

/** The spread is the told one, where there is one. */
function stretched(time: PredictedMs, ratio: Ratio | undefined): PredictedMs {
  if (ratio === undefined) return time;
  const { factor, deviation, p80 } = ratio;
  const mean = time.mean * factor;
  if (deviation > 0 || p80 !== undefined) {
    return { mean, standardDeviation: mean * deviation, ...(p80 !== undefined && { p80: mean * p80 }) };
  }
  const { standardDeviation } = time;
  return {
    mean,
    standardDeviation: standardDeviation * factor,
    ...(time.p80 !== undefined && { p80: time.p80 * factor }),
  };
}
