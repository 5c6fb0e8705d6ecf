/** How long one engine step takes: memory-bound floor and compute-bound slope of the linear layers, plus attention. */

import type { EngineProfile } from './profile.ts';

/** A piece of one prompt computed in a step. */
export interface ChunkSize {
  /** Tokens of the sequence computed before this step. */
  readonly contextTokens: number;
  readonly tokens: number;
}

/** What a step has to do; a decode computes one token, a chunk several. */
export interface StepLoad {
  readonly decodes: number;
  /** Tokens of KV cache that the decodes read: the sum over them of tokens computed before this step. */
  readonly decodeKvTokens: number;
  readonly chunks: readonly ChunkSize[];
}

/**
 * `fixed + sqrt(weightRead² + (linear·n)²) + prefill·pairs + decode·kv + perRequest·requests`.
 * The 2-norm joins the two regimes of the linear layers; their maximum alone would be 25 % low at the knee (n ≈ 256).
 */
export function stepTimeMs(profile: EngineProfile, load: StepLoad): number {
  let tokens = load.decodes;
  let pairs = 0;
  for (const chunk of load.chunks) {
    tokens += chunk.tokens;
    pairs += chunk.tokens * chunk.contextTokens + (chunk.tokens * chunk.tokens) / 2;
  }
  return (
    profile.fixedMs +
    Math.hypot(profile.weightReadMs, profile.linearMsPerToken * tokens) +
    profile.prefillMsPerPair * pairs +
    profile.decodeMsPerKvToken * load.decodeKvTokens +
    profile.perRequestMs * (load.decodes + load.chunks.length)
  );
}

/** How much longer each further step of an unchanged decode batch takes: every sequence's KV cache grew by one token. */
export function stepGrowthMs(profile: EngineProfile, decodes: number): number {
  return profile.decodeMsPerKvToken * decodes;
}
