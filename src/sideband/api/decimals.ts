/** Numbers as the existing scheduler writes them: rounded half to even, whole numbers with `.0` in texts. */

/** To `digits` decimals; an exact tie goes to the even neighbour. */
export function roundTo(value: number, digits: number): number {
  return Number(fixed(value, digits));
}

/** With exactly `digits` decimals. */
export function fixed(value: number, digits: number): string {
  const away = value.toFixed(digits);
  const exact = value.toFixed(digits + 1);
  const isTie = exact.endsWith('5') && Number(exact) === value;
  if (!isTie || Number(away.at(-1)) % 2 === 0) return away;
  // `toFixed` took the larger of two neighbours at the same distance; the one towards zero is the even one.
  return exact.slice(0, -1).replace(/\.$/, '');
}

/** As it stands in a sentence: `50.0`, `8.8889`. */
export function inText(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}
