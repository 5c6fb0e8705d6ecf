/** The scheduler's and the telemetry's records as the control API shows them. */

import type { z } from '@hono/zod-openapi';
import type { PolicyFigures } from '../queueing/index.ts';
import type { InstanceStatus, QueueStatus } from '../scheduler/index.ts';
import {
  explainDecision,
  type InstanceError,
  type LoggedDecision,
  predictionOutcome,
  type RequestRecord,
  redactText,
} from '../telemetry/index.ts';
import type { Decision, DecisionSummary, Instance, Outcome, Policy, Queue } from './schemas.ts';

export function instanceView(
  status: InstanceStatus,
  lastErrors: readonly InstanceError[],
): z.input<typeof Instance> {
  const { instance, report, reportAgeMs, isReportStale, ...state } = status;
  const { maxPrefillTokens, models, adapters, ...facts } = instance;
  return {
    ...facts,
    ...state,
    url: redactText(instance.url),
    models: [...models],
    adapters: [...adapters],
    maxPrefillTokens: limit(maxPrefillTokens),
    report: report === undefined ? null : reportView(report, reportAgeMs, isReportStale),
    lastErrors: [...lastErrors],
  };
}

function reportView(
  { instanceId: _, loadedAdapters, ...figures }: NonNullable<InstanceStatus['report']>,
  ageMs: number | undefined,
  isStale: boolean,
): NonNullable<z.input<typeof Instance>['report']> {
  return {
    ...figures,
    ...(loadedAdapters !== undefined && { loadedAdapters: [...loadedAdapters] }),
    ...(ageMs !== undefined && { ageMs }),
    isStale,
  };
}

export function queueView(queue: QueueStatus): z.input<typeof Queue> {
  return {
    ...queue,
    maxWaitingRequests: limit(queue.maxWaitingRequests),
    maxWaitingTokens: limit(queue.maxWaitingTokens),
    lanes: [...queue.lanes],
  };
}

export function policyView({ figures, ...policy }: PolicyFigures): z.input<typeof Policy> {
  return { ...policy, figures: { ...figures } };
}

export function decisionSummary(logged: LoggedDecision): z.input<typeof DecisionSummary> {
  const { decision, tookMicros, outcome } = logged;
  const { id, requestId, model, instanceId, atMs, queueMs, attempt, policy, profile, score, reason } =
    decision;
  const { predictedTtftMs } = decision;
  const actual = predictionOutcome(logged);
  return {
    ...{ id, requestId, model, instanceId, atMs, queueMs, attempt, policy, profile, score, reason },
    ...(predictedTtftMs !== undefined && { predictedTtftMs: { ...predictedTtftMs } }),
    ...(actual !== undefined && { actualTtftMs: actual.actualMs, ttftErrorMs: actual.errorMs }),
    tookMicros,
    outcome: outcome === undefined ? null : outcomeView(outcome),
  };
}

export function decisionView(logged: LoggedDecision): z.input<typeof Decision> {
  const { candidates, candidateCount, filteredOut } = logged.decision;
  return {
    ...decisionSummary(logged),
    candidates: candidates.map((candidate) => ({ ...candidate })),
    candidateCount,
    filteredOut,
    explanation: explainDecision(logged),
  };
}

function outcomeView(record: RequestRecord): z.input<typeof Outcome> {
  const { outcome, status, errorCode, instanceId, attempts, queueMs, ttftMs, tpotMs, e2eMs } = record;
  const { promptTokens, cachedTokens, outputTokens } = record;
  return {
    ...{ outcome, status, errorCode, instanceId, attempts, queueMs, ttftMs, tpotMs, e2eMs },
    ...{ promptTokens, cachedTokens, outputTokens },
  };
}

/** JSON has no infinity. */
function limit(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
