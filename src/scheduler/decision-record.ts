/** Makes the record of a decision, whose words are only put together when somebody reads them. */

import type { PredictedMs, RequestMetadata, SchedulingDecision } from '../domain/index.ts';
import type { RoutingChoice } from '../routing/index.ts';
import type { InstanceRecord } from './instance-record.ts';

export interface DecisionFacts {
  readonly request: RequestMetadata;
  readonly record: InstanceRecord;
  readonly choice: RoutingChoice;
  readonly atMs: number;
  readonly queueMs: number;
  readonly attempt: number;
  readonly policy: string;
  readonly profile: string;
  readonly predictedTtftMs: PredictedMs | undefined;
}

export function decisionRecord(facts: DecisionFacts): SchedulingDecision {
  const { request, record, choice, predictedTtftMs } = facts;
  return {
    id: `${request.id}.${facts.attempt}`,
    requestId: request.id,
    instanceId: choice.instanceId,
    model: request.model,
    atMs: facts.atMs,
    queueMs: facts.queueMs,
    attempt: facts.attempt,
    policy: facts.policy,
    profile: facts.profile,
    score: choice.score,
    parallel: record.instance.parallel,
    ...(predictedTtftMs !== undefined && { predictedTtftMs }),
    candidateCount: choice.candidateCount,
    get reason() {
      return choice.reason();
    },
    get candidates() {
      return choice.candidates();
    },
    get filteredOut() {
      return choice.filteredOut();
    },
  };
}
