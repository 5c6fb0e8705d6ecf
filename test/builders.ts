/** Small literal values for tests, with defaults for whatever a test does not care about. */

import {
  createInstance,
  createRequest,
  type ExecutionInstance,
  type InstanceState,
  type InstanceWork,
  type LatencyPredictor,
  type LifecycleListener,
  ManualClock,
  type RequestMetadata,
  type StepCoefficients,
  seededRandom,
} from '../src/domain/index.ts';
import { createPolicy } from '../src/queueing/index.ts';
import {
  createRoutingMemory,
  findPreset,
  type InstanceView,
  type RoutingMemory,
  RoutingProfile,
} from '../src/routing/index.ts';
import {
  DEFAULT_SCHEDULER_SETTINGS,
  Scheduler,
  type SchedulerEffect,
  type SchedulerSettings,
} from '../src/scheduler/index.ts';

let requestCount = 0;

export function aRequest(fields: Partial<RequestMetadata> = {}): RequestMetadata {
  return createRequest({ id: `r${++requestCount}`, model: 'm', arrivalMs: 0, ...fields });
}

export function anInstance(id: string, fields: Partial<ExecutionInstance> = {}): ExecutionInstance {
  return createInstance({ id, url: `http://${id}.test:8000`, models: ['m'], ...fields });
}

export type ViewFields = Partial<Omit<InstanceView, 'instance' | 'work'>> & {
  readonly instance?: Partial<ExecutionInstance>;
  readonly work?: Partial<InstanceWork>;
};

let viewCount = 0;

const NO_WORK: InstanceWork = {
  uncachedTokens: 0,
  pairs: 0,
  headUncachedTokens: 0,
  headPairs: 0,
  headSinceMs: 0,
  decodingRequests: 0,
  decodingKvTokens: 0,
  kvTokens: 0,
};

export function aView(id: string, { instance, work, ...fields }: ViewFields = {}): InstanceView {
  const full = anInstance(id, instance);
  return {
    instance: full,
    slot: viewCount++,
    work: { ...NO_WORK, ...work },
    state: 'ready' as InstanceState,
    inFlightRequests: 0,
    pendingPrefillTokens: 0,
    windowRequests: full.maxConcurrency,
    restingUntilMs: 0,
    report: undefined,
    dispatchedSinceReport: 0,
    endedSinceReport: 0,
    staleAfterMs: 3_000,
    lastDispatchOrder: 0,
    ...fields,
  };
}

/** A predictor that has learnt nothing and never will: Llama-3-8B on one H100. */
export function aPredictor(coefficients: Partial<StepCoefficients> = {}): LatencyPredictor {
  const known: StepCoefficients = {
    fixedMs: 1,
    weightsMs: 8.2,
    msPerToken: 0.0265,
    msPerPair: 1.05e-6,
    msPerKvToken: 56e-6,
    msPerRequest: 0.01,
    maxBatchedTokens: 8_192,
    ...coefficients,
  };
  return {
    name: 'still',
    coefficients: () => known,
    ttft: ({ uncachedTokens, queuedPrefillTokens }) => ({
      mean: known.fixedMs + known.msPerToken * (uncachedTokens + queuedPrefillTokens),
      standardDeviation: 0,
    }),
    tpot: () => ({ mean: known.fixedMs + known.weightsMs, standardDeviation: 0 }),
    expectedOutputTokens: () => 200,
    accuracy: () => ({ samples: 0, ttftMape: 0, tpotMape: 0, ttftWithinP80: 1 }),
  };
}

/** All that routing can have, so that every preset can be made. */
export function aRoutingMemory(predictor = aPredictor()): RoutingMemory {
  return createRoutingMemory({ predictor, prefixIndex: { maxBlocks: 4_096 } });
}

export interface SchedulerOptions {
  readonly policy?: string;
  readonly agingMs?: number;
  readonly routing?: string;
  readonly seed?: number;
  readonly settings?: Partial<SchedulerSettings>;
  readonly instances?: readonly ExecutionInstance[];
  readonly listeners?: readonly LifecycleListener[];
}

/** A scheduler on a clock that stands at 0, with `instances` ready. */
export function aScheduler(options: SchedulerOptions = {}): { scheduler: Scheduler; clock: ManualClock } {
  const clock = new ManualClock(0);
  const memory = aRoutingMemory();
  const scheduler = new Scheduler({
    clock,
    random: seededRandom(options.seed ?? 1),
    policy: createPolicy({
      name: options.policy ?? 'fifo',
      ...(options.agingMs !== undefined && { agingMs: options.agingMs }),
    }),
    profile: new RoutingProfile(findPreset(options.routing ?? 'least-loaded'), memory.inputs),
    settings: { ...DEFAULT_SCHEDULER_SETTINGS, ...options.settings },
    listeners: [...memory.listeners, ...(options.listeners ?? [])],
  });
  for (const instance of options.instances ?? []) makeReady(scheduler, instance);
  return { scheduler, clock };
}

export function makeReady(scheduler: Scheduler, instance: ExecutionInstance): SchedulerEffect[] {
  scheduler.handle({ type: 'instance-added', instance });
  return scheduler.handle({ type: 'instance-health', instanceId: instance.id, isHealthy: true });
}

/** Effects in short: `r1→a` for a dispatch, `r2✗shed` for a rejection. */
export function inShort(effects: readonly SchedulerEffect[]): string[] {
  return effects.map((effect) =>
    effect.type === 'dispatch'
      ? `${effect.request.id}→${effect.decision.instanceId}`
      : `${effect.requestId}✗${effect.reason}`,
  );
}
