/** Llama 3 70B (bf16) on four H100, tensor parallel: constants of the step-time model. */

import type { EngineProfile } from '../profile.ts';
import { ENGINE_DEFAULTS, LLMSERVINGSIM_H100, METHOD, VIDUR_ALL_REDUCE } from './common.ts';

export const LLAMA_3_70B_H100X4: EngineProfile = {
  ...ENGINE_DEFAULTS,
  name: 'llama-3-70b@h100x4',
  model: 'llama-3-70b',
  gpuType: 'H100',
  gpuCount: 4,
  fixedMs: 4.5,
  weightReadMs: 20.4,
  linearMsPerToken: 0.084,
  prefillMsPerPair: 1.3e-6,
  decodeMsPerKvToken: 35e-6,
  kvCacheTokens: 480_000,
  sources: [LLMSERVINGSIM_H100, VIDUR_ALL_REDUCE, ...METHOD],
};
