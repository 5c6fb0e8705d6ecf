/** Runs any of the `f5-*` files of vectors, wherever it lies. */

import { basename } from 'node:path';
import { runApi } from './f5-runners/api.ts';
import type { VectorOutcome } from './f5-runners/outcome.ts';
import { runScores } from './f5-runners/scores.ts';

export type { VectorOutcome } from './f5-runners/outcome.ts';

type Runner = (lines: readonly string[], file: string) => Promise<VectorOutcome>;

const RUNNERS: Readonly<Record<string, Runner>> = {
  'f5-scores.jsonl': runScores,
  'f5-api.jsonl': runApi,
};

/** The files that `run` knows, by name. */
export const F5_VECTOR_FILES: readonly string[] = Object.keys(RUNNERS);

/**
 * @param file its path; the name says what it holds
 * @param lines one JSON document each
 */
export function run(file: string, lines: readonly string[]): Promise<VectorOutcome> {
  const runner = RUNNERS[basename(file)];
  if (runner === undefined) {
    throw new RangeError(`found the file ${file}, allowed are ${F5_VECTOR_FILES.join(', ')}`);
  }
  return runner(lines, file);
}
