/** What checking a record of SwarmPilot comes to. */

export interface SwarmPilotRecord {
  readonly id: string;
  readonly kind: string;
  readonly input: unknown;
  readonly expect: unknown;
  readonly tol?: number;
}

export type Verdict = { readonly differences: readonly string[] } | { readonly skip: string };

export type Check = (record: SwarmPilotRecord) => Verdict | Promise<Verdict>;

/** Where `found` is not what `expected` says: numbers within the tolerance, absolute or relative, all else the same. */
export function differencesOf(found: unknown, expected: unknown, tolerance = 1e-9, at = ''): string[] {
  if (typeof found === 'number' && typeof expected === 'number') {
    const allowed = Math.max(tolerance, tolerance * Math.abs(expected));
    return Math.abs(found - expected) <= allowed ? [] : [`${at}: found ${found}, expected ${expected}`];
  }
  if (isTree(found) && isTree(expected)) {
    const keys = new Set([...Object.keys(found), ...Object.keys(expected)]);
    return [...keys].flatMap((key) => differencesOf(found[key], expected[key], tolerance, `${at}/${key}`));
  }
  if (Object.is(found, expected)) return [];
  return [`${at}: found ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`];
}

function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
