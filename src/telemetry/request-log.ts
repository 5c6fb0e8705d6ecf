/** One line in the log for each request that ended. */

import { redactText } from './redaction.ts';
import type { RequestRecord } from './request-record.ts';

/** The one level that is needed of a logger. */
export interface InfoLog {
  info(fields: object, message: string): void;
}

/** Names and figures only: nothing that a caller wrote into the request, and nothing that was answered. */
export function logRequest(log: InfoLog, record: RequestRecord): void {
  log.info(
    {
      request: record.requestId,
      model: record.model,
      instance: record.instanceId,
      outcome: record.outcome,
      status: record.status,
      error: record.errorCode,
      path: redactText(record.path),
      stream: record.stream,
      priority: record.priority,
      tenant: record.tenant,
      attempts: record.attempts,
      queueMs: rounded(record.queueMs),
      ttftMs: rounded(record.ttftMs),
      tpotMs: rounded(record.tpotMs),
      e2eMs: rounded(record.e2eMs),
      promptTokens: record.promptTokens,
      cachedTokens: record.cachedTokens,
      outputTokens: record.outputTokens,
      decision: record.decisionId,
    },
    'request',
  );
}

function rounded(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : Math.round(milliseconds * 100) / 100;
}
