/** A policy as its author writes it: one object with an order key, or with one of the guides' functions. */

import type {
  LatencyPredictor,
  LifecycleListener,
  MetricsView,
  RequestMetadata,
} from '../../domain/index.ts';
import type { OrderKey } from '../order-key.ts';
import type { PolicyInstance } from './policy-instance.ts';

/** What a policy's functions are told besides requests and instances. */
export interface PolicyContext {
  /** Epoch milliseconds; a policy reads no clock of its own, so that it can be simulated. */
  readonly nowMs: number;
  /** Latencies, errors, loads, SLO compliance: see docs/metrics.md. Absent where nobody collects them. */
  readonly metrics?: MetricsView;
  /** How long things are expected to take. */
  readonly predictor?: LatencyPredictor;
}

/** What a policy decided for one request. */
export interface PlannedDecision {
  readonly requestId: string;
  /** Where it goes, if the policy says; else the routing profile does. */
  readonly instanceId?: string;
  /** In words. */
  readonly reason?: string;
  readonly estimatedLatencyMs?: number;
  readonly estimatedCostUsd?: number;
  /** How sure the policy is, 0 to 1. */
  readonly confidence?: number;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/**
 * Give `orderKey` (one number for each request: the fast path, O(log n) a dispatch), or one of `nextRequest`, `schedule` and
 * `prioritize` (asked in this order of preference). All that they are handed is frozen; requests come in the order in which
 * they joined. The hooks of `LifecycleListener` are optional.
 */
export interface CustomPolicy extends LifecycleListener {
  readonly name: string;
  readonly orderKey?: OrderKey;
  /** Who goes next, as the request itself or as a decision that names an instance; nothing to let nobody go now. */
  nextRequest?(
    pending: readonly RequestMetadata[],
    instances: readonly PolicyInstance[],
    context: PolicyContext,
  ): RequestMetadata | PlannedDecision | undefined | null;
  /** Who goes where now; whoever is left out waits. */
  schedule?(
    requests: readonly RequestMetadata[],
    instances: readonly PolicyInstance[],
    context: PolicyContext,
  ): readonly PlannedDecision[];
  /** The same requests in the order in which they are to go. */
  prioritize?(requests: readonly RequestMetadata[], context: PolicyContext): readonly RequestMetadata[];
  getStats?(): Readonly<Record<string, unknown>>;
}

/** Which of its functions says what a policy wants. */
export type PolicyForm = 'orderKey' | 'nextRequest' | 'schedule' | 'prioritize';

const FORMS: readonly PolicyForm[] = ['orderKey', 'nextRequest', 'schedule', 'prioritize'];

/** @throws TypeError naming what a policy lacks */
export function formOf(policy: CustomPolicy): PolicyForm {
  if (typeof policy.name !== 'string' || policy.name === '') {
    throw new TypeError(`policy: name must be a text, found ${JSON.stringify(policy.name)}`);
  }
  const form = FORMS.find((name) => typeof policy[name] === 'function');
  if (form !== undefined) return form;
  throw new TypeError(
    `policy "${policy.name}" must have one of the functions ${FORMS.join(', ')}, found none`,
  );
}
