/** One time series: a number, or a histogram's buckets; made once, then changed without any look-up. */

export interface MetricCell {
  /** Appends the series' lines in Prometheus' text format; `labels` is `a="b",c="d"` or empty. */
  appendTo(lines: string[], name: string, labels: string): void;
}

/** A counter's or a gauge's value. */
export class NumberCell implements MetricCell {
  value = 0;

  appendTo(lines: string[], name: string, labels: string): void {
    lines.push(`${name}${labels === '' ? '' : `{${labels}}`} ${formatNumber(this.value)}`);
  }
}

/** The bounds of a histogram, shared by its series. */
export interface BucketBounds {
  readonly upper: readonly number[];
  /** `le="0.5"` for each bound, and `le="+Inf"` last. */
  readonly labels: readonly string[];
}

export function bucketBounds(upper: readonly number[]): BucketBounds {
  return {
    upper,
    labels: [...upper, Number.POSITIVE_INFINITY].map((bound) => `le="${formatNumber(bound)}"`),
  };
}

export class HistogramCell implements MetricCell {
  sum = 0;
  readonly #bounds: BucketBounds;
  /** How many values fell into each bucket alone; the sums over buckets are made when somebody asks. */
  readonly #counts: number[];

  constructor(bounds: BucketBounds) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.labels.length).fill(0);
  }

  /** Counts `value`; one that is no number is left out, since it would spoil the sum for good. */
  observe(value: number): void {
    if (Number.isNaN(value)) return;
    const { upper } = this.#bounds;
    let index = 0;
    while (index < upper.length && value > upper[index]!) index += 1;
    this.#counts[index]! += 1;
    this.sum += value;
  }

  get count(): number {
    return this.#counts.reduce((total, count) => total + count, 0);
  }

  appendTo(lines: string[], name: string, labels: string): void {
    const start = labels === '' ? `${name}_bucket{` : `${name}_bucket{${labels},`;
    let cumulative = 0;
    for (const [index, bound] of this.#bounds.labels.entries()) {
      cumulative += this.#counts[index]!;
      lines.push(`${start}${bound}} ${cumulative}`);
    }
    const braces = labels === '' ? '' : `{${labels}}`;
    lines.push(`${name}_sum${braces} ${formatNumber(this.sum)}`, `${name}_count${braces} ${cumulative}`);
  }
}

function formatNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}
