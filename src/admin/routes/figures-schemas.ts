/** The JSON of the figures that policies and people read. */

import { z } from '@hono/zod-openapi';
import { REQUEST_PRIORITIES } from '../../domain/index.ts';

const count = z.int().min(0);
const amount = z.number().min(0);
const share = z.number().min(0).max(1);

const requestFigures = {
  totalRequests: count,
  completedRequests: count,
  failedRequests: count,
  errorRate: share,
  throughputRps: amount,
  throughputTokensPerSecond: amount,
  avgLatencyMs: amount,
  p50LatencyMs: amount,
  p95LatencyMs: amount,
  p99LatencyMs: amount,
  avgQueueWaitMs: amount,
  p50QueueWaitMs: amount,
  p95QueueWaitMs: amount,
  p99QueueWaitMs: amount,
  sloRequests: count,
  sloViolations: count,
  sloCompliance: share,
  avgPredictionErrorMs: amount,
  predictionErrorRatio: amount,
};

const RequestFigures = z.strictObject(requestFigures).openapi('RequestFigures');

const InstanceFigures = z
  .strictObject({ ...requestFigures, instanceId: z.string(), activeRequests: count, currentLoad: amount })
  .openapi('InstanceFigures');

const SchedulingFigures = z
  .strictObject({
    schedulingLatencyMicros: amount,
    schedulingThroughput: amount,
    avgPredictionErrorMs: amount,
    p95PredictionErrorMs: amount,
    predictionAccuracyRate: share,
    loadBalanceVariance: amount,
    loadBalanceCoefficient: share,
    sloComplianceByPriority: z.record(z.enum(REQUEST_PRIORITIES), share),
    p50QueueWaitMs: amount,
    p95QueueWaitMs: amount,
    p99QueueWaitMs: amount,
    avgQueueLength: amount,
    maxQueueLength: amount,
  })
  .openapi('SchedulingFigures');

export const Figures = z
  .strictObject({
    all: RequestFigures,
    scheduling: SchedulingFigures,
    instances: z.array(InstanceFigures),
    priorities: z.record(z.enum(REQUEST_PRIORITIES), RequestFigures),
    models: z.record(z.string(), RequestFigures),
    tenants: z.record(z.string(), RequestFigures),
  })
  .openapi('Figures', { description: 'Of the last minute; what each is made of is in docs/metrics.md' });
