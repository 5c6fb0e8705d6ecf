/** The JSON of the control API; the types, the checks and `/openapi.json` all come from these. */

import { z } from '@hono/zod-openapi';
import {
  ENGINE_KINDS,
  ERROR_KINDS,
  type ErrorCode,
  INSTANCE_ROLES,
  INSTANCE_STATES,
  REQUEST_PRIORITIES,
} from '../domain/index.ts';
import { REQUEST_OUTCOMES } from '../telemetry/index.ts';

const count = (description: string) => z.int().min(0).openapi({ description });
const amount = (description: string) => z.number().min(0).openapi({ description });
const instant = (description: string) =>
  z.number().openapi({ description: `${description}, epoch milliseconds` });
const text = (description: string) => z.string().openapi({ description });

const errorCode = z.enum(Object.keys(ERROR_KINDS) as [ErrorCode, ...ErrorCode[]]);

export const ErrorBody = z
  .strictObject({
    error: z.strictObject({
      message: z.string(),
      type: z.string(),
      param: z.string().nullable().openapi({ description: 'The field that is wrong' }),
      code: errorCode,
    }),
  })
  .openapi('Error');

/** As clients of the task queue's predecessor read it. */
export const Health = z
  .strictObject({
    status: z.literal('healthy'),
    service: z.literal('scheduler'),
    version: z.string(),
  })
  .openapi('Health');

export const Readiness = z
  .strictObject({
    isReady: z.literal(true),
    readyInstances: count('Instances that get new requests'),
    instances: count('Instances in any state'),
  })
  .openapi('Readiness');

const Report = z.strictObject({
  atMs: instant('When the engine said it'),
  ageMs: z.number().optional(),
  isStale: z.boolean().openapi({ description: 'Whether it is too old to count fully' }),
  waitingRequests: count("Requests in the engine's own queue").optional(),
  runningRequests: count("Requests in the engine's batch").optional(),
  kvCacheUsage: amount('Share of the KV cache in use, 0 to 1').optional(),
  kvCacheTokens: count('Tokens that the KV cache holds').optional(),
  prefixCacheHitRate: amount('Share of prompt tokens answered from the prefix cache, 0 to 1').optional(),
  loadedAdapters: z.array(z.string()).optional(),
});

const InstanceErrorView = z.strictObject({
  atMs: instant('When it failed'),
  code: errorCode,
  model: z.string(),
  isRetried: z.boolean().openapi({ description: 'Whether the request was tried again elsewhere' }),
});

export const Instance = z
  .strictObject({
    id: z.string(),
    url: z.string(),
    engine: z.enum(ENGINE_KINDS),
    models: z.array(z.string()),
    adapters: z.array(z.string()),
    role: z.enum(INSTANCE_ROLES),
    parallel: z.strictObject({ tensor: z.int(), pipeline: z.int(), data: z.int(), expert: z.int() }),
    gpuCount: z.int(),
    gpuType: z.string().optional(),
    usdPerHour: z.number().optional(),
    weight: z.number(),
    labels: z.record(z.string(), z.string()),
    state: z.enum(INSTANCE_STATES),
    inFlightRequests: count('Requests dispatched to it that have not ended'),
    maxConcurrency: count('The most requests it may have in flight'),
    pendingPrefillTokens: count('Prompt tokens dispatched whose first token has not come'),
    maxPrefillTokens: z.number().nullable().openapi({ description: 'The most of them; null for no limit' }),
    dispatchedTotal: count('Requests dispatched to it so far'),
    report: Report.nullable().openapi({
      description: 'What the engine last said; null when it said nothing yet',
    }),
    consecutiveFailures: count('Failures since the last success'),
    ejections: count('How often failures took it out so far'),
    ejectedUntilMs: instant('When it may try again').optional(),
    detail: text('What the last health check found').optional(),
    lastErrors: z.array(InstanceErrorView).openapi({ description: 'Its last failures, newest first' }),
  })
  .openapi('Instance');

export const InstanceList = z
  .strictObject({ fleet: text('The fleet in words').optional(), instances: z.array(Instance) })
  .openapi('InstanceList');

const countByPriority = z.strictObject(
  Object.fromEntries(REQUEST_PRIORITIES.map((priority) => [priority, z.int().min(0)])),
);

export const Queue = z
  .strictObject({
    waitingRequests: count('Requests that wait'),
    waitingTokens: amount('Estimated tokens of the requests that wait'),
    maxWaitingRequests: z.number().nullable().openapi({ description: 'null for no limit' }),
    maxWaitingTokens: z.number().nullable().openapi({ description: 'null for no limit' }),
    inFlightRequests: count('Requests with an instance'),
    inFlightByModel: z.record(z.string(), z.int()),
    drainRatePerSecond: amount('Requests that left instances per second, lately'),
    lanes: z.array(
      z.strictObject({
        model: z.string(),
        waitingRequests: count('Requests that wait for this model'),
        waitingTokens: amount('Their estimated tokens'),
        waitingByPriority: countByPriority,
        oldestWaitMs: amount('How long the one that waits longest has waited'),
      }),
    ),
  })
  .openapi('Queue');

export const Policy = z
  .strictObject({
    name: z.string(),
    figures: z
      .record(z.string(), z.unknown())
      .openapi({ type: 'object', description: 'What its getStats returns', example: { dispatchedLate: 2 } }),
    isTruncated: z.boolean().openapi({ description: 'Whether it tells of more than is shown' }),
    failure: text('Why there are no figures').optional(),
  })
  .openapi('Policy');

export const Outcome = z
  .strictObject({
    outcome: z.enum(REQUEST_OUTCOMES),
    status: z.int(),
    errorCode: errorCode.optional(),
    instanceId: z.string().optional(),
    attempts: count('Dispatches, the first one included'),
    queueMs: amount('Milliseconds in the queue, all attempts together'),
    ttftMs: amount('Milliseconds from arrival to the first byte of the answer').optional(),
    tpotMs: amount('Milliseconds per output token after the first').optional(),
    e2eMs: amount('Milliseconds from arrival to the end'),
    promptTokens: z.number().optional(),
    cachedTokens: z.number().optional(),
    outputTokens: z.number().optional(),
  })
  .openapi('Outcome');

export const PredictedTtft = z
  .strictObject({
    mean: z.number(),
    standardDeviation: z.number(),
    p80: z.number().optional().openapi({ description: 'What four of five are expected to stay within' }),
  })
  .openapi('PredictedTtft', { description: 'Milliseconds from dispatch to the first token' });

const decisionFields = {
  id: z.string(),
  requestId: z.string(),
  model: z.string(),
  instanceId: text('Where the request was sent'),
  atMs: instant('When it was decided'),
  queueMs: amount('Milliseconds that the request had waited'),
  attempt: z.int().min(1).openapi({ description: '1 for the first dispatch of a request' }),
  policy: text('What chose when'),
  profile: text('What chose where'),
  score: z.number(),
  reason: text('Why, in words'),
  predictedTtftMs: PredictedTtft.optional(),
  actualTtftMs: amount('What it took then, milliseconds from this dispatch to the first byte').optional(),
  ttftErrorMs: z.number().optional().openapi({ description: 'How much later it came than predicted' }),
  tookMicros: amount('Microseconds that deciding took'),
  outcome: Outcome.nullable().openapi({ description: 'How the request ended; null while it runs' }),
};

export const DecisionSummary = z.strictObject(decisionFields).openapi('DecisionSummary');

export const DecisionList = z.strictObject({ decisions: z.array(DecisionSummary) }).openapi('DecisionList');

export const Candidate = z.strictObject({
  instanceId: z.string(),
  droppedBy: text('The filter that dropped it').optional(),
  total: z.number().optional().openapi({ description: 'Weighted sum of the scores' }),
  scores: z.record(z.string(), z.number()).optional(),
  reasons: z.record(z.string(), z.string()).optional(),
});

export const Decision = z
  .strictObject({
    ...decisionFields,
    candidates: z.array(Candidate),
    candidateCount: count('Instances that were looked at'),
    filteredOut: z
      .record(z.string(), z.int())
      .openapi({ description: 'How many instances each filter dropped' }),
    explanation: text('All of this as readable text'),
  })
  .openapi('Decision');

/** What `/admin/decisions` and `/admin/decisions/{id}` answer, for those who ask. */
export type DecisionListBody = z.infer<typeof DecisionList>;
export type DecisionBody = z.infer<typeof Decision>;

export const ReloadReport = z.strictObject({ isApplied: z.literal(true) }).openapi('ReloadReport');
