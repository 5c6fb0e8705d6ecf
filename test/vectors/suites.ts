/** Every suite of vectors, and the files they are for. One more suite is one more line here. */

import { F5_VECTOR_FILES, run as runF5 } from './f5.ts';
import { PARALLAX } from './parallax.ts';
import { PARALLAX_LIFECYCLES } from './parallax-lifecycles.ts';
import type { VectorSuite } from './runner.ts';
import { SAGELLM_METRICS } from './sagellm-metrics.ts';
import { SAGELLM_POLICIES } from './sagellm-policies.ts';
import { SAGELLM_ROUTING } from './sagellm-routing.ts';
import { SAGELLM_SCALING } from './sagellm-scaling.ts';
import { SWARMPILOT } from './swarmpilot.ts';

const F5_SUITES: readonly VectorSuite[] = F5_VECTOR_FILES.map((file) => ({
  file,
  run: (lines, path) => runF5(path, lines),
}));

/** Of several for one file, each record is run by the first that handles its kind. */
export const VECTOR_SUITES: readonly VectorSuite[] = [
  ...F5_SUITES,
  SAGELLM_POLICIES,
  SAGELLM_ROUTING,
  SAGELLM_METRICS,
  SAGELLM_SCALING,
  SWARMPILOT,
  PARALLAX,
  PARALLAX_LIFECYCLES,
];

/** The names that files and folders of vectors have, wherever they lie. */
export const VECTOR_FILES: readonly string[] = [...new Set(VECTOR_SUITES.map(({ file }) => file))];
