/** Sums and quantiles over the last so many milliseconds, in constant memory: a ring of slices, of which the oldest falls out whole. */

import { QuantileSketch } from '../../prediction/index.ts';

export interface WindowOptions {
  readonly windowMs: number;
  /** Into how many parts the window is cut. With n, it covers between (n − 1)/n of its length and all of it. */
  readonly slices: number;
  /** When counting began: what is not counted since then did not happen. */
  readonly startMs: number;
}

export interface WindowShape {
  readonly sums: number;
  readonly maxima: number;
  readonly sketches: number;
}

interface Slice {
  /** Its number since the epoch; what is in it belongs to no other. */
  number: number;
  readonly sums: Float64Array;
  readonly maxima: Float64Array;
  readonly sketches: readonly QuantileSketch[];
}

export class SlidingWindow {
  readonly #sliceMs: number;
  readonly #slices: readonly Slice[];
  /** All slices together; sketches count in whole numbers, so what falls out is subtracted without a trace. */
  readonly #merged: readonly QuantileSketch[];
  readonly #startMs: number;
  #newest = Number.NEGATIVE_INFINITY;

  constructor({ windowMs, slices, startMs }: WindowOptions, shape: WindowShape) {
    if (!(windowMs > 0)) throw new RangeError(`windowMs must be above 0, found ${windowMs}`);
    if (!(Number.isSafeInteger(slices) && slices >= 2)) {
      throw new RangeError(`slices must be a whole number of at least 2, found ${slices}`);
    }
    this.#startMs = startMs;
    this.#sliceMs = windowMs / slices;
    const sketches = () => Array.from({ length: shape.sketches }, () => new QuantileSketch());
    this.#merged = sketches();
    this.#slices = Array.from({ length: slices }, () => ({
      number: Number.NEGATIVE_INFINITY,
      sums: new Float64Array(shape.sums),
      maxima: new Float64Array(shape.maxima),
      sketches: sketches(),
    }));
  }

  addTo(sum: number, amount: number, nowMs: number): void {
    this.#sliceAt(nowMs).sums[sum]! += amount;
  }

  /** Maxima are of amounts of at least 0. */
  raise(maximum: number, amount: number, nowMs: number): void {
    const { maxima } = this.#sliceAt(nowMs);
    maxima[maximum] = Math.max(maxima[maximum]!, amount);
  }

  observe(sketch: number, value: number, nowMs: number): void {
    this.#sliceAt(nowMs).sketches[sketch]!.add(value);
    this.#merged[sketch]!.add(value);
  }

  sum(sum: number, nowMs: number): number {
    this.#forgetBefore(nowMs);
    return this.#slices.reduce((total, { sums }) => total + sums[sum]!, 0);
  }

  maximum(maximum: number, nowMs: number): number {
    this.#forgetBefore(nowMs);
    return this.#slices.reduce((most, { maxima }) => Math.max(most, maxima[maximum]!), 0);
  }

  /** 0 where there is nothing. */
  quantiles(sketch: number, shares: readonly number[], nowMs: number): number[] {
    this.#forgetBefore(nowMs);
    const merged = this.#merged[sketch]!;
    return merged.count === 0 ? shares.map(() => 0) : merged.quantiles(shares);
  }

  /** How much time the window holds: less than its length while it is young. */
  coveredMs(nowMs: number): number {
    const oldest = (Math.floor(nowMs / this.#sliceMs) - this.#slices.length + 1) * this.#sliceMs;
    return Math.max(0, nowMs - Math.max(oldest, this.#startMs));
  }

  #sliceAt(nowMs: number): Slice {
    // What comes a little late belongs to the newest slice.
    const number = Math.max(Math.floor(nowMs / this.#sliceMs), this.#newest);
    this.#newest = number;
    const slice = this.#slices[number % this.#slices.length]!;
    if (slice.number !== number) {
      this.#empty(slice);
      slice.number = number;
    }
    return slice;
  }

  #forgetBefore(nowMs: number): void {
    const oldest = Math.floor(nowMs / this.#sliceMs) - this.#slices.length + 1;
    for (const slice of this.#slices) if (slice.number < oldest) this.#empty(slice);
  }

  #empty(slice: Slice): void {
    if (slice.number === Number.NEGATIVE_INFINITY) return;
    slice.number = Number.NEGATIVE_INFINITY;
    slice.sums.fill(0);
    slice.maxima.fill(0);
    for (const [index, sketch] of slice.sketches.entries()) {
      this.#merged[index]!.subtract(sketch);
      sketch.clear();
    }
  }
}
