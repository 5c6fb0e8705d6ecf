/** What an engine has to do, as engine steps: how long it takes under given coefficients, and how that depends on each. */

import type { StepCoefficients } from '../../domain/index.ts';

/** The coefficients that are learnt, in the order in which arrays hold them. */
export const LEARNT = [
  'fixedMs',
  'weightsMs',
  'msPerToken',
  'msPerPair',
  'msPerKvToken',
  'overheadMs',
] as const satisfies readonly (keyof StepCoefficients)[];

export type Coefficients = Float64Array;

/** Kinds of steps that a piece of work may have. */
const MAX_GROUPS = 6;
const FIELDS = 5;

/**
 * A list of groups of like steps, used again and again. Under coefficients θ it takes
 * Σ steps·(fixed + √(weights² + (perToken·tokens)²) + perKv·kv + perRequest·requests) + perPair·pairs + overhead.
 * All but the perRequest part (not learnt: microseconds) is homogeneous of degree 1 in θ, so its gradient g has g·θ = time
 * (Euler): the gradient is the row of features of a linear regression, though the formula has a root in it.
 */
export class StepWork {
  readonly #groups = new Float64Array(MAX_GROUPS * FIELDS);
  #size = 0;
  #overheads = 0;

  clear(): this {
    this.#size = 0;
    this.#overheads = 0;
    return this;
  }

  /** `steps` may have a fraction; `tokens`, `kvTokens` and `requests` are those of each step, `pairs` of all together. */
  add(steps: number, tokens: number, kvTokens: number, requests: number, pairs: number): void {
    if (steps <= 0) return;
    const at = this.#size++ * FIELDS;
    this.#groups[at] = steps;
    this.#groups[at + 1] = tokens;
    this.#groups[at + 2] = kvTokens;
    this.#groups[at + 3] = requests;
    this.#groups[at + 4] = pairs;
  }

  addOverhead(): void {
    this.#overheads++;
  }

  /** The time under `theta`; fills in its gradient, where one is handed in. */
  timeMs(theta: Coefficients, gradient?: Float64Array): number {
    const fixed = theta[0]!;
    const weights = theta[1]!;
    const perToken = theta[2]!;
    const perPair = theta[3]!;
    const perKv = theta[4]!;
    gradient?.fill(0);
    let time = this.#overheads * theta[5]!;
    if (gradient !== undefined) gradient[5] = this.#overheads;
    for (let i = 0; i < this.#size; i++) {
      const at = i * FIELDS;
      const steps = this.#groups[at]!;
      const tokens = this.#groups[at + 1]!;
      const kv = steps * this.#groups[at + 2]!;
      const pairs = this.#groups[at + 4]!;
      const linear = Math.sqrt(weights * weights + perToken * tokens * (perToken * tokens));
      time += steps * (fixed + linear) + perPair * pairs + perKv * kv;
      if (gradient === undefined) continue;
      gradient[0]! += steps;
      gradient[1]! += linear > 0 ? (steps * weights) / linear : 0;
      gradient[2]! += linear > 0 ? (steps * perToken * tokens * tokens) / linear : 0;
      gradient[3]! += pairs;
      gradient[4]! += kv;
    }
    return time;
  }

  /** How many requests there are in all steps together. */
  requestSteps(): number {
    let sum = 0;
    for (let at = 0; at < this.#size * FIELDS; at += FIELDS) sum += this.#groups[at]! * this.#groups[at + 3]!;
    return sum;
  }
}
