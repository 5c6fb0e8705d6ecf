/** Quantiles of a stream in constant memory: counts in buckets whose bounds grow by a fixed ratio. */

export interface SketchOptions {
  /** How far a quantile may be from the value at that rank, as a share of it. Default 0.01. */
  readonly relativeError?: number;
  /** Values of at most this count as 0. Default 0.001. */
  readonly min?: number;
  /** Values above count as this. Default 1e9. */
  readonly max?: number;
}

/** Counts are made room for in steps of so many buckets. */
const GROWTH = 32;

/**
 * A value x > `min` falls into bucket ⌈log_γ x⌉ with γ = (1 + e)/(1 − e); the bucket stands for 2γ^k/(γ + 1), which is within
 * a share e of everything in it (DDSketch, Masson et al., VLDB 2019, §2.1). With the defaults at most 1,383 buckets of four
 * bytes; memory is taken only for the range that values were in. Two sketches of equal options can be added and subtracted.
 */
export class QuantileSketch {
  readonly #min: number;
  readonly #max: number;
  readonly #gamma: number;
  readonly #perLog: number;
  #counts = new Uint32Array(0);
  /** The bucket that `#counts[0]` counts. */
  #firstBucket = 0;
  #zeroCount = 0;
  #count = 0;

  constructor({ relativeError = 0.01, min = 0.001, max = 1e9 }: SketchOptions = {}) {
    if (!(relativeError > 0 && relativeError < 1)) {
      throw new RangeError(`relativeError must be above 0 and below 1, found ${relativeError}`);
    }
    if (!(min > 0 && max > min))
      throw new RangeError(`min and max must be 0 < min < max, found ${min}, ${max}`);
    this.#min = min;
    this.#max = max;
    this.#gamma = (1 + relativeError) / (1 - relativeError);
    this.#perLog = 1 / Math.log(this.#gamma);
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes that the counts take now. */
  get bytes(): number {
    return this.#counts.byteLength;
  }

  add(value: number): void {
    this.#count++;
    // What is not a number is nothing to rank by; it counts with the smallest.
    if (!(value > this.#min)) {
      this.#zeroCount++;
      return;
    }
    const bucket = Math.ceil(Math.log(Math.min(value, this.#max)) * this.#perLog);
    this.#makeRoom(bucket, bucket);
    this.#counts[bucket - this.#firstBucket]!++;
  }

  merge(other: QuantileSketch): void {
    this.#combine(other, 1);
  }

  /** Takes back what was merged before. */
  subtract(other: QuantileSketch): void {
    this.#combine(other, -1);
  }

  /** Halves every count, so that what comes next weighs more: forgetting in constant memory. */
  halve(): void {
    this.#zeroCount >>>= 1;
    let count = this.#zeroCount;
    for (let i = 0; i < this.#counts.length; i++) count += this.#counts[i]! >>>= 1;
    this.#count = count;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#zeroCount = 0;
    this.#count = 0;
  }

  /** The value at rank ⌊count·share⌋ of the sorted values, counted from 0; NaN while there are none. */
  quantile(share: number): number {
    return this.quantiles([share])[0]!;
  }

  /** The same for several shares, ascending, in one pass. */
  quantiles(shares: readonly number[]): number[] {
    const values: number[] = [];
    let index = -1;
    let seen = this.#zeroCount;
    for (const share of shares) {
      const rank = Math.min(Math.floor(this.#count * share), this.#count - 1);
      while (seen <= rank) seen += this.#counts[++index]!;
      values.push(this.#count === 0 ? Number.NaN : index < 0 ? 0 : this.#valueOf(this.#firstBucket + index));
    }
    return values;
  }

  #valueOf(bucket: number): number {
    return (2 * this.#gamma ** bucket) / (this.#gamma + 1);
  }

  #combine(other: QuantileSketch, sign: 1 | -1): void {
    if (other.#gamma !== this.#gamma || other.#min !== this.#min || other.#max !== this.#max) {
      throw new RangeError('sketches of unequal options cannot be combined');
    }
    const length = other.#counts.length;
    if (length > 0) this.#makeRoom(other.#firstBucket, other.#firstBucket + length - 1);
    const shift = other.#firstBucket - this.#firstBucket;
    for (let i = 0; i < length; i++) this.#counts[i + shift]! += sign * other.#counts[i]!;
    this.#zeroCount += sign * other.#zeroCount;
    this.#count += sign * other.#count;
  }

  /** Widens the counts so that they reach from `low` to `high`. */
  #makeRoom(low: number, high: number): void {
    const length = this.#counts.length;
    const first = length === 0 ? low : this.#firstBucket;
    if (length > 0 && low >= first && high < first + length) return;
    const newFirst = low < first ? Math.floor(low / GROWTH) * GROWTH : first;
    const end = Math.max(first + length, Math.ceil((high + 1) / GROWTH) * GROWTH);
    const wider = new Uint32Array(end - newFirst);
    wider.set(this.#counts, first - newFirst);
    this.#counts = wider;
    this.#firstBucket = newFirst;
  }
}
