/** A file with mistakes, cut down to what is right, so that the checks between fields can still look at the rest. */

import type * as z from 'zod';
import { valueAt } from './data-path.ts';
import type { ConfigPath } from './problem.ts';
import type { ConfigFile } from './schema/config-file.ts';
import { branchOf } from './union-branch.ts';

/** Stands in for a required text that is wrong; nobody else writes it. */
const STAND_IN = 'signalbox-salvaged';
const MAX_ROUNDS = 8;

/** What is left of `data` without what `schema` refuses; `undefined` when nothing whole can be made of it. */
export function salvage(data: unknown, schema: z.ZodType<ConfigFile>): ConfigFile | undefined {
  let rest = structuredClone(data);
  const attempts = new Map<string, number>();
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const result = schema.safeParse(rest);
    if (result.success) return result.data;
    for (const path of wrongPaths(result.error.issues, rest)) {
      const id = JSON.stringify(path);
      const attempt = attempts.get(id) ?? 0;
      attempts.set(id, attempt + 1);
      if (path.length === 0) rest = {};
      else repair(rest, path, attempt);
    }
  }
  return undefined;
}

function wrongPaths(issues: readonly z.core.$ZodIssue[], data: unknown, base: ConfigPath = []): ConfigPath[] {
  return issues.flatMap((issue) => {
    const path = [...base, ...(issue.path as ConfigPath)];
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => [...path, key]);
    if (issue.code !== 'invalid_union') return [path];
    const branch = branchOf(issue.errors, valueAt(data, path));
    return branch === undefined ? [path] : wrongPaths(branch, data, path);
  });
}

/** First leaves the value out, then tries a stand-in, then gives up what contains it. Lists keep their length. */
function repair(root: unknown, path: ConfigPath, attempt: number): void {
  const parent = containerOf(root, path);
  if (parent === undefined) return;
  const last = path.at(-1) as string | number;
  if (attempt >= 2 && path.length > 1) repair(root, path.slice(0, -1), 0);
  else if (Array.isArray(parent)) parent[Number(last)] = attempt === 0 ? {} : STAND_IN;
  else if (attempt === 0) delete (parent as Record<string, unknown>)[last];
  else (parent as Record<string, unknown>)[last] = STAND_IN;
}

function containerOf(root: unknown, path: ConfigPath): object | undefined {
  const container = valueAt(root, path.slice(0, -1));
  return container !== null && typeof container === 'object' ? container : undefined;
}
