/** What listeners are told of a request that completed. */

import type { CompletionFacts } from '../domain/index.ts';
import type { TokenUsage } from './events.ts';
import type { Flight } from './in-flight.ts';

export function completionFacts(flight: Flight, usage: TokenUsage, nowMs: number): CompletionFacts {
  const { request, life, dispatchedMs, firstTokenMs } = flight;
  const { outputTokens } = usage;
  const hasTpot = firstTokenMs !== undefined && outputTokens !== undefined && outputTokens > 1;
  return Object.freeze({
    ...usage,
    latencyMs: nowMs - request.arrivalMs,
    queueMs: life.queuedMs,
    ...(firstTokenMs !== undefined && { ttftMs: firstTokenMs - dispatchedMs }),
    ...(hasTpot && { tpotMs: (nowMs - firstTokenMs) / (outputTokens - 1) }),
  });
}
