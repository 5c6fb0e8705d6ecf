/** Filters that would rather keep what does not fit than leave a request with nobody. */

/**
 * Drops what `fits[i]` says does not fit, with `mark`, unless nobody that is left fits: then it is for the engine to say so,
 * or for time to change it.
 */
export function dropUnlessAll(
  fits: (place: number) => boolean,
  count: number,
  dropped: Uint8Array,
  mark: number,
): void {
  let fitting = 0;
  for (let i = 0; i < count; i++) {
    if (dropped[i] !== 0) continue;
    if (fits(i)) fitting++;
    else dropped[i] = mark;
  }
  if (fitting > 0) return;
  for (let i = 0; i < count; i++) if (dropped[i] === mark) dropped[i] = 0;
}
