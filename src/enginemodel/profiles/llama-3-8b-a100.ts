/** Llama 3 8B (bf16) on one A100 80 GB: constants of the step-time model. */

import type { EngineProfile } from '../profile.ts';
import { ENGINE_DEFAULTS, METHOD, VIDUR_A100 } from './common.ts';

export const LLAMA_3_8B_A100: EngineProfile = {
  ...ENGINE_DEFAULTS,
  name: 'llama-3-8b@a100',
  model: 'llama-3-8b',
  gpuType: 'A100',
  gpuCount: 1,
  fixedMs: 1.0,
  weightReadMs: 10.0,
  linearMsPerToken: 0.07,
  prefillMsPerPair: 2.75e-6,
  decodeMsPerKvToken: 92e-6,
  kvCacheTokens: 430_000,
  sources: [VIDUR_A100, ...METHOD],
};
