/** How many replicas each model should have, and why. */

import { createRoute, type OpenAPIHono, type z } from '@hono/zod-openapi';
import { SignalboxError } from '../../domain/index.ts';
import {
  adviseScaling,
  DEFAULT_SCALING_WISH,
  LOAD_PREDICTOR_NAMES,
  type Load,
  type ModelAtWork,
  type ReplicaAtWork,
  type ScalingAdvice,
  type ScalingWish,
  stepCapacity,
} from '../../scaling/index.ts';
import type { InstanceStatus, SchedulerInspection } from '../../scheduler/index.ts';
import type { AdminOptions, ScalingSource } from '../options.ts';
import { amount, name, oneOf, query, wholeNumber } from './parameters.ts';
import { errorResponses, jsonResponse } from './responses.ts';
import { type ModelScaling, Scaling } from './scaling-schemas.ts';

const { tpotTargetMs, utilisation, predictor, minReplicas } = DEFAULT_SCALING_WISH;
const MOST_REPLICAS = 10_000;
const MOST_GPUS = 100_000;

const scaling = createRoute({
  method: 'get',
  path: '/admin/scaling',
  operationId: 'getScaling',
  tags: ['fleet'],
  summary: 'How many replicas each model should have for the load that is foretold, and why',
  request: {
    query: query({
      model: name('Only this model').optional(),
      tpotTargetMs: amount(0, 60_000, `What a token may take; ${tpotTargetMs} if left out`).optional(),
      utilisation: amount(0, 1, `How busy replicas should be at most; ${utilisation} if left out`).optional(),
      predictor: oneOf(LOAD_PREDICTOR_NAMES, `How the load is foretold; ${predictor} if left out`).optional(),
      minReplicas: wholeNumber(0, MOST_REPLICAS, `At least so many; ${minReplicas} if left out`).optional(),
      maxReplicas: wholeNumber(0, MOST_REPLICAS, 'At most so many; no limit if left out').optional(),
      maxGpus: wholeNumber(0, MOST_GPUS, 'GPUs for each model at most; no limit if left out').optional(),
    }),
  },
  responses: {
    200: jsonResponse(Scaling, 'The advice'),
    ...errorResponses('invalid_value', 'not_found'),
  },
});

export function mountScaling(app: OpenAPIHono, { scaling: source, scheduler }: AdminOptions): void {
  app.openapi(scaling, (context) => {
    if (source === undefined) throw new SignalboxError('not_found', 'Nobody measures loads here.');
    const { model, ...wish } = context.req.valid('query');
    const found = modelsAtWork(scheduler, source).filter(
      (each) => model === undefined || each.model === model,
    );
    const models = found.map((each) => adviceView(adviseScaling(each, wishOf(wish)), each.intervalMs));
    return context.json({ intervalMs: source.loads.intervalMs, models }, 200);
  });
}

type GivenWish = { readonly [Key in keyof ScalingWish]?: ScalingWish[Key] | undefined };

function wishOf(given: GivenWish): ScalingWish {
  const said = Object.entries(given).filter(([, value]) => value !== undefined);
  const wish: ScalingWish = { ...DEFAULT_SCALING_WISH, ...Object.fromEntries(said) };
  const { minReplicas: least, maxReplicas: most = Number.POSITIVE_INFINITY } = wish;
  if (most >= least) return wish;
  const message = `maxReplicas must be at least minReplicas (${least}), found ${most}.`;
  throw new SignalboxError('invalid_value', message, { param: 'maxReplicas' });
}

/** The models that instances serve and those that requests wait for, by name. */
function modelsAtWork(scheduler: SchedulerInspection, source: ScalingSource): readonly ModelAtWork[] {
  const { loads, clock, predictor } = source;
  const instances = scheduler.instances().filter(({ state }) => state !== 'draining' && state !== 'gone');
  const waiting = new Map(scheduler.queue().lanes.map((lane) => [lane.model, lane.waitingRequests]));
  const served = instances.flatMap(({ instance }) => [...instance.models, ...instance.adapters]);
  const nowMs = clock.now();
  return [...new Set([...served, ...waiting.keys()])].toSorted().map((model) => ({
    model,
    history: loads.history(model, nowMs),
    intervalMs: loads.intervalMs,
    waitingRequests: waiting.get(model) ?? 0,
    replicas: instances
      .filter(({ instance }) => instance.models.includes(model) || instance.adapters.includes(model))
      .map((status) => replicaAtWork(status, model, predictor)),
  }));
}

function replicaAtWork(
  { instance, report }: InstanceStatus,
  model: string,
  predictor: ScalingSource['predictor'],
): ReplicaAtWork {
  const { maxConcurrency, gpuCount: gpus } = instance;
  const kvCacheTokens = report?.kvCacheTokens;
  const limits = { maxConcurrency, ...(kvCacheTokens !== undefined && { kvCacheTokens }) };
  return { gpus, capacity: stepCapacity(predictor.coefficients(instance.id, model), limits) };
}

function adviceView(advice: ScalingAdvice, intervalMs: number): z.input<typeof ModelScaling> {
  const { load, predictedLoad, replica, apart, reason, waitingRequests, bound, ...counts } = advice;
  return {
    ...counts,
    recommendedReplicas: advice.recommendedReplicas ?? null,
    wantedReplicas: advice.wantedReplicas ?? null,
    bound,
    reason,
    waitingRequests,
    load: loadView(load, intervalMs),
    predictedLoad: loadView(predictedLoad, intervalMs),
    replica: replica === undefined ? null : replicaView(replica),
    apart: apart ?? null,
  };
}

function loadView({ requests, ...lengths }: Load, intervalMs: number) {
  return { requestsPerSecond: (requests * 1000) / intervalMs, ...lengths };
}

function replicaView({ decoding, ...rest }: NonNullable<ScalingAdvice['replica']>) {
  const { tokensPerSecond: outputTokensPerSecond, concurrency, tpotMs } = decoding;
  return { ...rest, outputTokensPerSecond, concurrency, tpotMs };
}
