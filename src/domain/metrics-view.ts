/** The figures of a fleet at work, as policies and people may read them. */

import type { RequestPriority } from './priority.ts';

/**
 * Of requests that ended within the window. Counted are those that completed or failed; what its caller left counts for neither.
 * A figure of nothing is 0, and compliance of nothing is 1.
 */
export interface RequestFigures {
  readonly totalRequests: number;
  readonly completedRequests: number;
  readonly failedRequests: number;
  /** failed / total */
  readonly errorRate: number;
  /** Completed requests a second. */
  readonly throughputRps: number;
  readonly throughputTokensPerSecond: number;
  /** Of completed requests: from arrival to end; of an instance, without the time in our queue. */
  readonly avgLatencyMs: number;
  readonly p50LatencyMs: number;
  readonly p95LatencyMs: number;
  readonly p99LatencyMs: number;
  readonly avgQueueWaitMs: number;
  readonly p50QueueWaitMs: number;
  readonly p95QueueWaitMs: number;
  readonly p99QueueWaitMs: number;
  /** Those that asked for a deadline, TTFT or TPOT; and those of them that did not get it. A failure is a violation. */
  readonly sloRequests: number;
  readonly sloViolations: number;
  /** (requests − violations) / requests */
  readonly sloCompliance: number;
  /** Mean of |predicted − actual| TTFT, and of that as a share of the actual. */
  readonly avgPredictionErrorMs: number;
  readonly predictionErrorRatio: number;
}

export interface InstanceMetrics extends RequestFigures {
  readonly instanceId: string;
  /** Requests dispatched to it that have not ended. */
  readonly activeRequests: number;
  /** activeRequests / maxConcurrency */
  readonly currentLoad: number;
}

export interface SchedulingMetrics {
  /** Median time of a decision. */
  readonly schedulingLatencyMicros: number;
  /** Decisions a second that one core could make: 1 / mean time; 0 before the second one. */
  readonly schedulingThroughput: number;
  readonly avgPredictionErrorMs: number;
  readonly p95PredictionErrorMs: number;
  /** Share of predictions that were close enough; 1 while there is none. */
  readonly predictionAccuracyRate: number;
  /** Population variance of the instances' loads, and 1 / (1 + variance): 1 is perfectly even. */
  readonly loadBalanceVariance: number;
  readonly loadBalanceCoefficient: number;
  readonly sloComplianceByPriority: Readonly<Record<RequestPriority, number>>;
  readonly p50QueueWaitMs: number;
  readonly p95QueueWaitMs: number;
  readonly p99QueueWaitMs: number;
  readonly avgQueueLength: number;
  readonly maxQueueLength: number;
}

/** What a policy is handed. Asking is cheap: figures are computed anew at most once a second. */
export interface MetricsView {
  /** By instance id, every instance of the fleet. */
  getAllInstanceMetrics(): ReadonlyMap<string, InstanceMetrics>;
  getInstanceMetrics(instanceId: string): InstanceMetrics | undefined;
  /** All zeros for a name that nothing is known of; so with the next two. */
  getModelMetrics(model: string): RequestFigures;
  getTenantMetrics(tenant: string): RequestFigures;
  getPriorityMetrics(priority: RequestPriority): RequestFigures;
  getGlobalMetrics(): RequestFigures;
  getSchedulingMetrics(): SchedulingMetrics;
}
