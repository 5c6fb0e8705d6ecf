/** Runs any of the `f5-*` files of vectors, wherever it lies. */

import { basename } from 'node:path';
import { runApi } from './f5-runners/api.ts';
import { runConfig } from './f5-runners/config.ts';
import { runIControl } from './f5-runners/icontrol.ts';
import { runMetrics } from './f5-runners/metrics.ts';
import type { VectorOutcome } from './f5-runners/outcome.ts';
import { runScores } from './f5-runners/scores.ts';

export type { VectorOutcome } from './f5-runners/outcome.ts';

type Runner = (lines: readonly string[], file: string) => Promise<VectorOutcome>;

const RUNNERS: Readonly<Record<string, Runner>> = {
  'f5-scores.jsonl': runScores,
  'f5-api.jsonl': runApi,
  'f5-config.jsonl': runConfig,
  'f5-icontrol.jsonl': runIControl,
  'f5-metrics-samples': runMetrics,
};

/** The files that `run` knows, by name. */
export const F5_VECTOR_FILES: readonly string[] = Object.keys(RUNNERS);

/**
 * @param file its path, or that of a folder; the name says what it holds
 * @param lines one JSON document each; of a folder, the records of its `index.json`
 */
export function run(file: string, lines: readonly string[]): Promise<VectorOutcome> {
  const runner = RUNNERS[basename(file)];
  if (runner === undefined) {
    throw new RangeError(`found the file ${file}, allowed are ${F5_VECTOR_FILES.join(', ')}`);
  }
  return runner(lines, file);
}
