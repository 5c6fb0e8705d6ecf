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
  return new DecisionRecord(facts);
}

/** A class, because an object literal with getters makes three functions and a shape anew for each decision. */
class DecisionRecord implements SchedulingDecision {
  readonly id: string;
  readonly requestId: string;
  readonly instanceId: string;
  readonly model: string;
  readonly atMs: number;
  readonly queueMs: number;
  readonly attempt: number;
  readonly policy: string;
  readonly profile: string;
  readonly score: number;
  readonly parallel: SchedulingDecision['parallel'];
  declare readonly predictedTtftMs?: PredictedMs;
  readonly candidateCount: number;
  readonly #choice: RoutingChoice;

  constructor(facts: DecisionFacts) {
    const { request, record, choice, predictedTtftMs } = facts;
    this.id = `${request.id}.${facts.attempt}`;
    this.requestId = request.id;
    this.instanceId = choice.instanceId;
    this.model = request.model;
    this.atMs = facts.atMs;
    this.queueMs = facts.queueMs;
    this.attempt = facts.attempt;
    this.policy = facts.policy;
    this.profile = facts.profile;
    this.score = choice.score;
    this.parallel = record.instance.parallel;
    if (predictedTtftMs !== undefined) this.predictedTtftMs = predictedTtftMs;
    this.candidateCount = choice.candidateCount;
    this.#choice = choice;
  }

  get reason(): string {
    return this.#choice.reason();
  }

  get candidates(): SchedulingDecision['candidates'] {
    return this.#choice.candidates();
  }

  get filteredOut(): SchedulingDecision['filteredOut'] {
    return this.#choice.filteredOut();
  }
}
