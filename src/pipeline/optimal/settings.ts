/** What `optimal` can be told. */

import type { BatchWork } from '../work.ts';
import type { CandidateSettings } from './candidates.ts';

export type OptimalSettings = CandidateSettings;

/** A step that generates one token for one request, with a prompt of common length in the cache. */
const ONE_REQUEST: BatchWork = { batchSize: 1, targetLength: 1, sourceLength: 4096 };

export const DEFAULT_SETTINGS: OptimalSettings = { work: ONE_REQUEST, minCacheTokens: 0 };
