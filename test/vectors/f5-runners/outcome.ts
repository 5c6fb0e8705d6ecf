/** How a file of vectors is run: each record passes, fails with a reason, or is skipped because it records a fault. */

export interface VectorOutcome {
  readonly passed: number;
  readonly failed: readonly { readonly id: string; readonly why: string }[];
  readonly skipped: readonly { readonly id: string; readonly reason: string }[];
}

/** What a runner says of one record: nothing when it passed. */
export type Verdict = undefined | { readonly why: string } | { readonly skip: string };

export async function runAll<Record extends { readonly id: string }>(
  lines: readonly string[],
  judge: (record: Record) => Verdict | Promise<Verdict>,
): Promise<VectorOutcome> {
  let passed = 0;
  const failed: { id: string; why: string }[] = [];
  const skipped: { id: string; reason: string }[] = [];
  for (const line of lines) {
    if (line.trim() === '') continue;
    const record = JSON.parse(line) as Record;
    const verdict = await verdictOf(record, judge);
    if (verdict === undefined) passed++;
    else if ('skip' in verdict) skipped.push({ id: record.id, reason: verdict.skip });
    else failed.push({ id: record.id, why: verdict.why });
  }
  return { passed, failed, skipped };
}

async function verdictOf<Record>(
  record: Record,
  judge: (record: Record) => Verdict | Promise<Verdict>,
): Promise<Verdict> {
  try {
    return await judge(record);
  } catch (error) {
    return { why: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** The first place where two values differ, in words; numbers may differ by `tolerance`, relatively. */
export function firstDifference(
  found: unknown,
  expected: unknown,
  tolerance = 0,
  path = '',
): string | undefined {
  const wanted = asNumber(expected);
  if (typeof found === 'number' && typeof wanted === 'number') {
    return isClose(found, wanted, tolerance) ? undefined : differs(path, found, wanted);
  }
  if (Array.isArray(found) && Array.isArray(expected) && found.length === expected.length) {
    return firstOf(found.keys(), (i) => firstDifference(found[i], expected[i], tolerance, `${path}[${i}]`));
  }
  if (isRecord(found) && isRecord(expected)) {
    const keys = new Set([...Object.keys(expected), ...Object.keys(found)]);
    return firstOf(keys, (key) => firstDifference(found[key], expected[key], tolerance, `${path}.${key}`));
  }
  return Object.is(found, expected) ? undefined : differs(path, found, expected);
}

function firstOf<Key>(keys: Iterable<Key>, look: (key: Key) => string | undefined): string | undefined {
  for (const key of keys) {
    const difference = look(key);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function asNumber(value: unknown): unknown {
  return value === 'Infinity' || value === '-Infinity' || value === 'NaN' ? Number(value) : value;
}

function isClose(found: number, expected: number, tolerance: number): boolean {
  if (found === expected || Object.is(found, expected)) return true;
  return Math.abs(found - expected) <= tolerance * Math.max(Math.abs(found), Math.abs(expected));
}

function differs(path: string, found: unknown, expected: unknown): string {
  return `${path || 'value'}: found ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
