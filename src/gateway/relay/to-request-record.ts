/** What is reported of a call that has ended. */

import type { ErrorCode, RequestMetadata, SchedulingDecision } from '../../domain/index.ts';
import type { RequestOutcome, RequestRecord } from '../../telemetry/request-record.ts';
import type { Usage } from './usage-finder.ts';

export interface EndedCall {
  readonly request: RequestMetadata;
  readonly path: string;
  readonly outcome: RequestOutcome;
  readonly status: number;
  readonly errorCode?: ErrorCode;
  /** The last one made. */
  readonly decision: SchedulingDecision | undefined;
  readonly attempts: number;
  readonly queueMs: number;
  readonly firstByteMs: number | undefined;
  readonly endMs: number;
  readonly usage: Usage;
  /** Events with data in the answer, where it was a stream. */
  readonly dataFrames: number | undefined;
}

export function toRequestRecord(call: EndedCall): RequestRecord {
  const { request, decision, firstByteMs } = call;
  const usage = countedUsage(call);
  const { outputTokens } = usage;
  const tpotMs = tpot(call, outputTokens);
  return {
    requestId: request.id,
    model: request.model,
    kind: request.kind,
    path: call.path,
    stream: request.stream,
    priority: request.priority,
    ...(request.tenant !== undefined && { tenant: request.tenant }),
    outcome: call.outcome,
    status: call.status,
    ...(call.errorCode !== undefined && { errorCode: call.errorCode }),
    ...(decision !== undefined && { instanceId: decision.instanceId, decisionId: decision.id }),
    attempts: call.attempts,
    arrivalMs: request.arrivalMs,
    queueMs: call.queueMs,
    ...(firstByteMs !== undefined && { ttftMs: firstByteMs - request.arrivalMs }),
    ...(tpotMs !== undefined && { tpotMs }),
    e2eMs: call.endMs - request.arrivalMs,
    ...(usage.promptTokens !== undefined && { promptTokens: usage.promptTokens }),
    ...(usage.cachedTokens !== undefined && { cachedTokens: usage.cachedTokens }),
    ...(outputTokens !== undefined && { outputTokens }),
  };
}

/**
 * Usage as the engine told it, or with events for tokens: engines send one event per token unless told otherwise. The count is
 * off by the events that carry only a role, a reason to finish, or the usage; it serves where the caller did not ask for the
 * usage.
 */
export function countedUsage({
  request,
  usage,
  dataFrames = 0,
}: Pick<EndedCall, 'request' | 'usage' | 'dataFrames'>): Usage {
  const countsTokens = request.kind === 'chat' || request.kind === 'completion';
  if (usage.outputTokens !== undefined || !countsTokens || dataFrames === 0) return usage;
  return { ...usage, outputTokens: dataFrames };
}

function tpot(call: EndedCall, outputTokens: number | undefined): number | undefined {
  const { firstByteMs, endMs, dataFrames } = call;
  if (dataFrames === undefined || firstByteMs === undefined) return undefined;
  if (outputTokens === undefined || outputTokens < 2) return undefined;
  return (endMs - firstByteMs) / (outputTokens - 1);
}
