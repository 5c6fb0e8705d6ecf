/** What came of comparing one record. */

/** What differs, in words, none when the record passes; or why it is not compared. */
export type Verdict = readonly string[] | { readonly skip: string };
export function differs(what: string, found: unknown, expected: unknown): readonly string[] {
  return found === expected ? [] : [`${what}: found ${String(found)}, expected ${String(expected)}`];
}

export function isFar(what: string, found: number, expected: number): readonly string[] {
  const isNear = Math.abs(found - expected) <= 1e-12 * Math.abs(expected);
  return isNear ? [] : [`${what}: found ${found}, expected ${expected}`];
}
