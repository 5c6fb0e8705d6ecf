/** Recursive least squares with forgetting over the step formula: coefficients that start at a prior and never go below zero. */

import type { StepCoefficients } from '../../domain/index.ts';
import { type Coefficients, LEARNT, type StepWork } from './step-work.ts';

/** Where learning starts, and how far off it may be. */
export interface StepPrior {
  readonly coefficients: StepCoefficients;
  /** Standard deviation of each coefficient around its true value, as a share of it: 0.3 for 30 %. */
  readonly relativeUncertainty: number;
}

/** Relative noise of one observation. */
const NOISE = 0.1;
/** Residuals are cut at so many standard deviations, once there is an idea of one. */
const CUT_AT = 4;
const SAMPLES_BEFORE_CUT = 20;
const RESIDUAL_WEIGHT = 0.05;
/** Where a prior has none: HTTP and tokenising on a common server. */
const DEFAULT_OVERHEAD_MS = 5;
/**
 * Lower bounds as shares of the prior. The two under the root keep a little, because at 0 their gradient is 0 too, and nothing
 * would ever lift them again.
 */
const FLOORS = [0, 0.02, 0.02, 0, 0, 0] as const;
const SIZE = LEARNT.length;

/**
 * Learns z with coefficient = prior·z, so that all are of order 1. Rows and targets are divided by the geometric mean of
 * prediction and observation, which makes residuals relative and symmetric: 2·sinh(½·ln(observed/predicted)).
 */
export class CoefficientLearner {
  readonly #prior: StepCoefficients;
  readonly #scales: Float64Array;
  readonly #theta: Coefficients;
  readonly #z = new Float64Array(SIZE).fill(1);
  readonly #covariance = new Float64Array(SIZE * SIZE);
  readonly #priorVariance: number;
  readonly #forgetting: number;
  readonly #gradient = new Float64Array(SIZE);
  readonly #gain = new Float64Array(SIZE);
  #residualVariance = NOISE * NOISE;
  #samples = 0;

  constructor({ coefficients, relativeUncertainty }: StepPrior, forgetting = 0.995) {
    this.#prior = coefficients;
    this.#forgetting = forgetting;
    this.#priorVariance = (relativeUncertainty / NOISE) ** 2;
    this.#scales = Float64Array.from(LEARNT, (name) => coefficients[name] ?? DEFAULT_OVERHEAD_MS);
    this.#theta = this.#scales.slice();
    for (let i = 0; i < SIZE; i++) this.#covariance[i * SIZE + i] = this.#priorVariance;
  }

  get samples(): number {
    return this.#samples;
  }

  timeMs(work: StepWork): number {
    return work.timeMs(this.#theta) + this.#prior.msPerRequest * work.requestSteps();
  }

  coefficients(): StepCoefficients {
    const theta = this.#theta;
    const { msPerRequest, maxBatchedTokens } = this.#prior;
    return {
      fixedMs: theta[0]!,
      weightsMs: theta[1]!,
      msPerToken: theta[2]!,
      msPerPair: theta[3]!,
      msPerKvToken: theta[4]!,
      overheadMs: theta[5]!,
      msPerRequest,
      maxBatchedTokens,
    };
  }

  /** `work` took `observedMs`. */
  learn(work: StepWork, observedMs: number): void {
    const unlearntMs = this.#prior.msPerRequest * work.requestSteps();
    const predicted = work.timeMs(this.#theta, this.#gradient);
    const observed = Math.max(observedMs - unlearntMs, observedMs / 10);
    if (!(observed > 0 && Number.isFinite(observed) && predicted > 0)) return;
    const scale = Math.sqrt(predicted * observed);
    for (let i = 0; i < SIZE; i++) this.#gradient[i]! *= this.#scales[i]! / scale;
    this.#samples++;
    this.#update(this.#gradient, this.#cut((observed - predicted) / scale));
    this.#liftToFloors();
    for (let i = 0; i < SIZE; i++) this.#theta[i] = this.#scales[i]! * this.#z[i]!;
  }

  /** One hiccup must not bend the coefficients; a lasting change gets through, since cut residuals widen the bound too. */
  #cut(residual: number): number {
    const bound = CUT_AT * Math.max(NOISE, Math.sqrt(this.#residualVariance));
    const isCut = this.#samples > SAMPLES_BEFORE_CUT && Math.abs(residual) > bound;
    const used = isCut ? Math.sign(residual) * bound : residual;
    this.#residualVariance += RESIDUAL_WEIGHT * (used * used - this.#residualVariance);
    return used;
  }

  #update(row: Float64Array, residual: number): void {
    const covariance = this.#covariance;
    const gain = this.#gain;
    let variance = this.#forgetting;
    for (let i = 0; i < SIZE; i++) {
      let sum = 0;
      for (let j = 0; j < SIZE; j++) sum += covariance[i * SIZE + j]! * row[j]!;
      gain[i] = sum;
      variance += sum * row[i]!;
    }
    for (let i = 0; i < SIZE; i++) {
      this.#z[i]! += (gain[i]! / variance) * residual;
      for (let j = 0; j < SIZE; j++) {
        const cell = i * SIZE + j;
        covariance[cell] = (covariance[cell]! - (gain[i]! * gain[j]!) / variance) / this.#forgetting;
      }
    }
    this.#boundCovariance();
  }

  /** Forgetting must not make us less sure than before the first sample of what the traffic says nothing about. */
  #boundCovariance(): void {
    for (let i = 0; i < SIZE; i++) {
      const own = this.#covariance[i * SIZE + i]!;
      if (own <= this.#priorVariance) continue;
      const factor = Math.sqrt(this.#priorVariance / own);
      for (let j = 0; j < SIZE; j++) {
        this.#covariance[i * SIZE + j]! *= factor;
        this.#covariance[j * SIZE + i]! *= factor;
      }
    }
  }

  /** Moves what fell below its floor back onto it, and the others to where they fit best then (projection in the covariance's metric). */
  #liftToFloors(): void {
    for (let round = 0; round < SIZE; round++) {
      const low = this.#z.findIndex((value, i) => value < FLOORS[i]!);
      if (low === -1) return;
      const step = (FLOORS[low]! - this.#z[low]!) / this.#covariance[low * SIZE + low]!;
      for (let i = 0; i < SIZE; i++) this.#z[i]! += step * this.#covariance[i * SIZE + low]!;
      this.#z[low] = FLOORS[low]!;
    }
    for (let i = 0; i < SIZE; i++) this.#z[i] = Math.max(this.#z[i]!, FLOORS[i]!);
  }
}
