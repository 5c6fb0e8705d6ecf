/**
 * What sageLLM's autoscaler assumes of one GPU, of which nothing was measured.
 *
 * The prompt rate is stated by its description. Inferred from recorded inputs and outputs are the three lines below: the time to
 * first token is linear in the prompt (50 ms and 0.1 ms a token), the time per token linear in batch and context (20 ms, 2 ms a
 * request, 0.01 ms a token), and a GPU generates at most 100 tokens a second.
 */

import type { Capacity, LatencyProfile, OperatingPoint } from './capacity.ts';

const TTFT = { fixedMs: 50, msPerPromptToken: 0.1 } as const;
const TPOT = { fixedMs: 20, msPerRequest: 2, msPerContextToken: 0.01 } as const;
const MOST_TOKENS_PER_SECOND = 100;

export const REFERENCE_CAPACITY: Capacity & LatencyProfile = {
  ttftMs: (promptTokens) => TTFT.fixedMs + TTFT.msPerPromptToken * promptTokens,
  tpotMs,
  promptTokensPerSecond: (promptTokens) => 200 / (1 + 1e-4 * promptTokens),
  bestDecoding,
};

function tpotMs(concurrency: number, contextTokens: number): number {
  return TPOT.fixedMs + TPOT.msPerRequest * concurrency + TPOT.msPerContextToken * contextTokens;
}

function bestDecoding(tpotTargetMs: number, contextTokens: number): OperatingPoint {
  const allowed = Math.max(0, tpotTargetMs - tpotMs(0, contextTokens)) / TPOT.msPerRequest;
  const withinTarget = allowed === 0 ? 0 : (allowed * 1000) / tpotTargetMs;
  const tokensPerSecond = Math.min(MOST_TOKENS_PER_SECOND, withinTarget);
  const concurrency = (tokensPerSecond * tpotTargetMs) / 1000;
  return { tokensPerSecond, concurrency, tpotMs: tpotMs(concurrency, contextTokens) };
}

/** Where there is not even a formula, these are sageLLM's numbers for one GPU, whatever the requests are. */
export const FLAT_CAPACITY: Capacity = {
  promptTokensPerSecond: () => 100,
  bestDecoding: (tpotTargetMs) => ({
    tokensPerSecond: 50,
    tpotMs: tpotTargetMs,
    concurrency: (50 * tpotTargetMs) / 1000,
  }),
};
