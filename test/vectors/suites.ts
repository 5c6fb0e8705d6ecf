/** Every suite of vectors, and the files they are for. */

import { F5_VECTOR_FILES, run as runF5 } from './f5.ts';
import type { VectorSuite } from './runner.ts';

/** The names that files and folders of vectors have, wherever they lie. */
export const VECTOR_FILES: readonly string[] = [
  'sagellm.jsonl',
  'f5-scores.jsonl',
  'f5-api.jsonl',
  'f5-config.jsonl',
  'f5-icontrol.jsonl',
  'f5-metrics-samples',
];

export const VECTOR_SUITES: readonly VectorSuite[] = F5_VECTOR_FILES.map((file) => ({
  file,
  run: (lines, path) => runF5(path, lines),
}));
