/** Llama 3 70B (bf16) on four A100 80 GB, tensor parallel: constants of the step-time model. */

import type { EngineProfile } from '../profile.ts';
import { ENGINE_DEFAULTS, METHOD, VIDUR_A100, VIDUR_ALL_REDUCE } from './common.ts';

export const LLAMA_3_70B_A100X4: EngineProfile = {
  ...ENGINE_DEFAULTS,
  name: 'llama-3-70b@a100x4',
  model: 'llama-3-70b',
  gpuType: 'A100',
  gpuCount: 4,
  fixedMs: 4.5,
  weightReadMs: 26.0,
  linearMsPerToken: 0.175,
  prefillMsPerPair: 3.4e-6,
  decodeMsPerKvToken: 57e-6,
  kvCacheTokens: 480_000,
  sources: [VIDUR_A100, VIDUR_ALL_REDUCE, ...METHOD],
};
