/** Keeps every number it is given, eight bytes each, so that quantiles are exact. */

export interface Distribution {
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export class Samples {
  #values = new Float64Array(1024);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(value: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count] = value;
    this.#count += 1;
  }

  /** Of the last `last` numbers, all by default; nothing when there are none. */
  distribution(last = this.#count): Distribution | undefined {
    const values = this.#values.slice(Math.max(0, this.#count - last), this.#count).sort();
    if (values.length === 0) return undefined;
    return {
      count: values.length,
      mean: values.reduce((sum, value) => sum + value, 0) / values.length,
      min: values[0]!,
      p50: quantile(values, 0.5),
      p90: quantile(values, 0.9),
      p95: quantile(values, 0.95),
      p99: quantile(values, 0.99),
      max: values.at(-1)!,
    };
  }
}

/**
 * Linear between the two nearest ranks (type 7 of Hyndman and Fan, "Sample Quantiles in Statistical Packages", 1996; the default
 * of NumPy and R).
 * @param sorted not empty
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const place = (sorted.length - 1) * share;
  const below = Math.floor(place);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (place - below);
}
