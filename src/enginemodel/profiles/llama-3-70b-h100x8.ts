/** Llama 3 70B (bf16) on eight H100, tensor parallel: constants of the step-time model. */

import type { EngineProfile } from '../profile.ts';
import { ENGINE_DEFAULTS, LLMSERVINGSIM_H100, METHOD, VIDUR_ALL_REDUCE } from './common.ts';

export const LLAMA_3_70B_H100X8: EngineProfile = {
  ...ENGINE_DEFAULTS,
  name: 'llama-3-70b@h100x8',
  model: 'llama-3-70b',
  gpuType: 'H100',
  gpuCount: 8,
  fixedMs: 4.5,
  weightReadMs: 11.0,
  linearMsPerToken: 0.045,
  prefillMsPerPair: 0.65e-6,
  decodeMsPerKvToken: 18e-6,
  kvCacheTokens: 1_300_000,
  sources: [LLMSERVINGSIM_H100, VIDUR_ALL_REDUCE, ...METHOD],
};
