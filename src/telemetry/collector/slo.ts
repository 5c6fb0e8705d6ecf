/** Whether a request got what it asked for. */

import type { CompletionFacts, RequestMetadata } from '../../domain/index.ts';

/** A deadline, a time to first token or a time per token. */
export function hasSlo({ deadlineMs, ttftSloMs, tpotSloMs }: RequestMetadata): boolean {
  return deadlineMs !== undefined || ttftSloMs !== undefined || tpotSloMs !== undefined;
}

/** Of one that completed. What was asked for and could not be seen (no first token, no number of tokens) is not held against it. */
export function metSlo(request: RequestMetadata, facts: CompletionFacts): boolean {
  const { arrivalMs, deadlineMs, ttftSloMs, tpotSloMs } = request;
  if (deadlineMs !== undefined && arrivalMs + facts.latencyMs > deadlineMs) return false;
  if (tpotSloMs !== undefined && facts.tpotMs !== undefined && facts.tpotMs > tpotSloMs) return false;
  const firstTokenMs = firstTokenAfterMs(facts);
  return ttftSloMs === undefined || firstTokenMs === undefined || firstTokenMs <= ttftSloMs;
}

/** From arrival to first token, earlier attempts included where the length of the answer tells of them. */
function firstTokenAfterMs({
  latencyMs,
  queueMs,
  ttftMs,
  tpotMs,
  outputTokens,
}: CompletionFacts): number | undefined {
  if (ttftMs === undefined) return undefined;
  if (tpotMs !== undefined && outputTokens !== undefined) return latencyMs - tpotMs * (outputTokens - 1);
  return queueMs + ttftMs;
}
