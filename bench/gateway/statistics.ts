/** Quantiles, medians and rounding: the few sums that the measurements share. */

/** The value below which `share` of the values lie (nearest rank); `undefined` of none. */
export function quantile(values: readonly number[], share: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.ceil(share * sorted.length);
  return sorted[Math.min(sorted.length, Math.max(1, rank)) - 1];
}

/** The middle value, of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  if (!Number.isInteger(middle)) return sorted[Math.floor(middle)];
  return (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** `part / whole`, where both were measured and there is something to divide by. */
export function ratio(part: number | undefined, whole: number | undefined): number | undefined {
  return part === undefined || whole === undefined || whole === 0 ? undefined : part / whole;
}

/** `a - b`, where both were measured. */
export function difference(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a - b;
}

/** To `digits` significant digits, integers above that left whole: what is printed and written, not what is computed with. */
export function rounded(value: number, digits = 4): number {
  const places = digits - 1 - Math.floor(Math.log10(Math.abs(value) || 1));
  return places <= 0 ? Math.round(value) : Number(value.toFixed(Math.min(places, 6)));
}
