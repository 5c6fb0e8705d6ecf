/** What one may see of the scheduler from outside: for operators, metrics and tests. */

import type {
  ExecutionInstance,
  InstanceReport,
  InstanceState,
  RequestPriority,
  SchedulingDecision,
} from '../domain/index.ts';
import type { PolicyFigures } from '../queueing/index.ts';
import type { RejectionReason } from './events.ts';
import type { ShadowReport } from './shadow/report.ts';

export interface InstanceStatus {
  readonly instance: ExecutionInstance;
  readonly state: InstanceState;
  /** Requests we dispatched that have not ended. */
  readonly inFlightRequests: number;
  /** Prompt tokens we dispatched whose first token has not come. */
  readonly pendingPrefillTokens: number;
  readonly report?: InstanceReport;
  readonly reportAgeMs?: number;
  readonly isReportStale: boolean;
  readonly consecutiveFailures: number;
  readonly ejections: number;
  readonly ejectedUntilMs?: number;
  /** What the last health check said. */
  readonly detail?: string;
  readonly dispatchedTotal: number;
}

export interface LaneStatus {
  readonly model: string;
  readonly waitingRequests: number;
  readonly waitingTokens: number;
  readonly waitingByPriority: Readonly<Record<RequestPriority, number>>;
  readonly oldestWaitMs: number;
}

export interface QueueStatus {
  readonly waitingRequests: number;
  readonly waitingTokens: number;
  readonly maxWaitingRequests: number;
  readonly maxWaitingTokens: number;
  readonly inFlightRequests: number;
  readonly inFlightByModel: Readonly<Record<string, number>>;
  /** Requests that left instances per second, lately. */
  readonly drainRatePerSecond: number;
  readonly lanes: readonly LaneStatus[];
}

export interface SchedulerCounters {
  readonly arrived: number;
  readonly dispatched: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly retried: number;
  readonly pushedBack: number;
  readonly ejected: number;
  readonly rejected: Readonly<Record<RejectionReason, number>>;
}

/** Told of every decision as it is made, with the microseconds it took. Must not throw. */
export type DecisionListener = (decision: SchedulingDecision, tookMicros: number) => void;

export interface SchedulerInspection {
  instances(): readonly InstanceStatus[];
  queue(): QueueStatus;
  counters(): SchedulerCounters;
  /** The policy in force and what it tells of itself. */
  policy(): PolicyFigures;
  /** What the profile or policy that runs in the shadow has found; `undefined` while none does. */
  shadow(): ShadowReport | undefined;
}
