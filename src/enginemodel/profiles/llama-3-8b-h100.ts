/** Llama 3 8B (bf16) on one H100: constants of the step-time model. */

import type { EngineProfile } from '../profile.ts';
import { ENGINE_DEFAULTS, LLMSERVINGSIM_H100, METHOD } from './common.ts';

export const LLAMA_3_8B_H100: EngineProfile = {
  ...ENGINE_DEFAULTS,
  name: 'llama-3-8b@h100',
  model: 'llama-3-8b',
  gpuType: 'H100',
  gpuCount: 1,
  fixedMs: 1.0,
  weightReadMs: 8.2,
  linearMsPerToken: 0.0265,
  prefillMsPerPair: 1.05e-6,
  decodeMsPerKvToken: 56e-6,
  kvCacheTokens: 430_000,
  sources: [LLMSERVINGSIM_H100, ...METHOD],
};
