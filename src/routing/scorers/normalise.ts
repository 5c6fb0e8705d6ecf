/** From quantities to scores in [0, 1]. */

/** The least gets 1, the most 0, the others in between by their distance; all 1 where all are equal. */
export function spreadLeastFirst(measures: Float64Array, count: number, scores: Float64Array): void {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    const measure = measures[i]!;
    if (measure < min) min = measure;
    if (measure > max) max = measure;
  }
  const span = max - min;
  for (let i = 0; i < count; i++) scores[i] = span > 0 ? (max - measures[i]!) / span : 1;
}

/** The least gets 1, what is twice as much 1/2, and so on; for quantities of at least 0. */
export function shareOfLeast(measures: Float64Array, count: number, scores: Float64Array): void {
  let min = Number.POSITIVE_INFINITY;
  for (let i = 0; i < count; i++) if (measures[i]! < min) min = measures[i]!;
  for (let i = 0; i < count; i++) {
    const measure = measures[i]!;
    scores[i] = measure === min ? 1 : min / measure;
  }
}

/** At most two decimals, as reasons have them. */
export const inShort = (value: number): string => String(Number(value.toFixed(2)));
