/** Runs one file of vectors: each record by the suite that handles its kind. */

import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { VectorOutcome, VectorRunner, VectorSuite } from './runner.ts';

interface Entry {
  readonly id: string;
  readonly kind: string;
  readonly line: string;
}

/** @param path a file with a record a line, or a folder with a list of records in `index.json` */
export async function runVectorFile(path: string, suites: readonly VectorSuite[]): Promise<VectorOutcome> {
  const { entries, failed } = readEntries(path);
  const own = suites.filter(({ file }) => file === basename(path));
  const groups = Map.groupBy(entries, ({ kind }) => own.find(({ handles }) => handles?.(kind) ?? true));
  const outcomes: VectorOutcome[] = [{ passed: 0, failed, skipped: [] }];
  for (const [suite, group] of groups) {
    outcomes.push(suite === undefined ? skipAll(group) : await runGroup(suite.run, group, path));
  }
  return {
    passed: outcomes.reduce((sum, { passed }) => sum + passed, 0),
    failed: outcomes.flatMap((outcome) => outcome.failed),
    skipped: outcomes.flatMap((outcome) => outcome.skipped),
  };
}

function skipAll(group: readonly Entry[]): VectorOutcome {
  const skipped = group.map(({ id, kind }) => ({
    id,
    reason: kind === '' ? 'no runner for this file' : `no runner for kind ${kind}`,
  }));
  return { passed: 0, failed: [], skipped };
}

async function runGroup(run: VectorRunner, group: readonly Entry[], path: string): Promise<VectorOutcome> {
  let outcome: VectorOutcome;
  try {
    outcome = await run(
      group.map(({ line }) => line),
      path,
    );
  } catch (error) {
    const why = `the runner broke: ${error instanceof Error ? error.message : String(error)}`;
    return { passed: 0, failed: group.map(({ id }) => ({ id, why })), skipped: [] };
  }
  const counted = outcome.passed + outcome.failed.length + outcome.skipped.length;
  if (counted === group.length) return outcome;
  const why = `the runner tells of ${counted} records and was given ${group.length}`;
  return { ...outcome, failed: [...outcome.failed, { id: basename(path), why }] };
}

function readEntries(path: string): {
  readonly entries: readonly Entry[];
  readonly failed: VectorOutcome['failed'];
} {
  const entries: Entry[] = [];
  const failed: { id: string; why: string }[] = [];
  for (const [index, line] of readLines(path).entries()) {
    if (line.trim() === '') continue;
    const place = `line ${index + 1}`;
    const record = parse(line);
    if (record === undefined) failed.push({ id: place, why: 'is not a JSON object' });
    else entries.push({ id: textOr(record.id, place), kind: textOr(record.kind, ''), line });
  }
  return { entries, failed };
}

function readLines(path: string): readonly string[] {
  if (!statSync(path).isDirectory()) return readFileSync(path, 'utf8').split('\n');
  const list: unknown = JSON.parse(readFileSync(join(path, 'index.json'), 'utf8'));
  if (!Array.isArray(list)) throw new TypeError(`${path}/index.json is not a list of records`);
  return list.map((record) => JSON.stringify(record));
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const textOr = (value: unknown, otherwise: string) => (typeof value === 'string' ? value : otherwise);
