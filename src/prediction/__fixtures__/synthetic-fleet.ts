/** Engines of the engine model under random traffic, told to a predictor as the scheduler would tell it. */

import {
  type CompletionFacts,
  createInstance,
  createRequest,
  type ExecutionInstance,
  type ForecastingPredictor,
  type PredictedMs,
  type Random,
  type RequestMetadata,
  seededRandom,
} from '../../domain/index.ts';
import { EngineModel, type EngineModelEvent, type EngineProfile } from '../../enginemodel/index.ts';

export interface SyntheticInstance {
  readonly instance: ExecutionInstance;
  readonly profile: EngineProfile;
}

export interface Traffic {
  readonly requests: number;
  /** Of the whole fleet. */
  readonly requestsPerSecond: number;
  readonly meanPromptTokens: number;
  readonly meanOutputTokens: number;
  readonly seed?: number;
  readonly stream?: boolean;
  /** Time outside the engine before the first token. */
  readonly overheadMs?: number;
  readonly fields?: (index: number) => Partial<RequestMetadata>;
}

/** What was foretold at the dispatch of a request, and what came. */
export interface Outcome {
  readonly requestId: string;
  readonly instanceId: string;
  readonly predictedTtft: PredictedMs;
  readonly predictedTpot: PredictedMs;
  ttftMs: number;
  tpotMs: number;
}

interface Running {
  readonly request: RequestMetadata;
  readonly outputTokens: number;
  readonly dispatchedMs: number;
  readonly outcome: Outcome;
  firstTokenMs: number;
}

/** Requests go to the instances in turn, each as it arrives; returns what became of them, in the order of their ends. */
export function runTraffic(
  predictor: ForecastingPredictor,
  fleet: readonly SyntheticInstance[],
  traffic: Traffic,
): Outcome[] {
  const random = seededRandom(traffic.seed ?? 1);
  const engines = fleet.map(({ profile }) => new EngineModel(profile));
  const running = new Map<string, Running>();
  const outcomes: Outcome[] = [];
  const { overheadMs = 0 } = traffic;
  const heardLater: (EngineModelEvent & { readonly instance: ExecutionInstance })[] = [];
  for (const { instance } of fleet) predictor.onInstanceRegistered?.(instance);

  /** Events are heard in the order of their times, `overheadMs` after the engine had them. */
  function live(toMs: number): void {
    for (;;) {
      const nextMs = Math.min(...engines.map((engine) => engine.nextEventMs()));
      const next = heardLater[0];
      if (next !== undefined && next.atMs + overheadMs <= Math.min(toMs, nextMs)) {
        heardLater.shift();
        hear(next, next.instance);
      } else if (nextMs <= toMs && nextMs !== Number.POSITIVE_INFINITY) {
        engines.forEach((engine, index) => {
          const { instance } = fleet[index]!;
          for (const event of engine.advance(nextMs)) heardLater.push({ ...event, instance });
        });
      } else break;
    }
  }

  function hear(event: EngineModelEvent, instance: ExecutionInstance): void {
    const run = event.type === 'tokens' ? undefined : running.get(event.id);
    if (run === undefined) return;
    tellOf(event, run, instance);
    predictor.onSettled?.();
  }

  function tellOf(event: EngineModelEvent, run: Running, instance: ExecutionInstance): void {
    const atMs = event.atMs + overheadMs;
    if (event.type === 'first-token') {
      run.firstTokenMs = atMs;
      run.outcome.ttftMs = atMs - run.dispatchedMs;
      if (run.request.stream) predictor.onFirstToken?.(run.request, instance, run.outcome.ttftMs, atMs);
    }
    if (event.type !== 'finished') return;
    const tpotMs = (atMs - run.firstTokenMs) / Math.max(1, run.outputTokens - 1);
    run.outcome.tpotMs = tpotMs;
    const facts: CompletionFacts = {
      latencyMs: atMs - run.dispatchedMs,
      queueMs: 0,
      ttftMs: run.outcome.ttftMs,
      tpotMs,
      outputTokens: run.outputTokens,
    };
    predictor.onRequestCompleted?.(run.request, facts, instance, atMs);
    running.delete(run.request.id);
    outcomes.push(run.outcome);
  }

  let nowMs = 0;
  for (let i = 0; i < traffic.requests; i++) {
    nowMs += exponential(random, 1000 / traffic.requestsPerSecond);
    live(nowMs);
    const { instance } = fleet[i % fleet.length]!;
    const promptTokens = 1 + Math.round(exponential(random, traffic.meanPromptTokens));
    const outputTokens = 2 + Math.round(exponential(random, traffic.meanOutputTokens));
    const request = createRequest({
      id: `r${i}`,
      model: instance.models[0]!,
      arrivalMs: nowMs,
      promptTokens,
      stream: traffic.stream ?? true,
      ...traffic.fields?.(i),
    });
    const facts = predictor.facts(
      { instanceId: instance.id, model: request.model, uncachedTokens: promptTokens, cachedTokens: 0 },
      nowMs,
    );
    const outcome = {
      requestId: request.id,
      instanceId: instance.id,
      predictedTtft: predictor.ttft(facts),
      predictedTpot: predictor.tpot(facts),
      ttftMs: Number.NaN,
      tpotMs: Number.NaN,
    };
    running.set(request.id, {
      request,
      outputTokens,
      dispatchedMs: nowMs,
      outcome,
      firstTokenMs: Number.NaN,
    });
    predictor.onRequestDispatched?.(request, instance, nowMs);
    engines[i % engines.length]!.submit({ id: request.id, promptTokens, outputTokens }, nowMs);
  }
  live(Number.POSITIVE_INFINITY);
  return outcomes;
}

export function anEngine(
  id: string,
  profile: EngineProfile,
  fields: Partial<ExecutionInstance> = {},
): SyntheticInstance {
  const { model, gpuType, gpuCount } = profile;
  const init = { id, url: `http://${id}.test`, engine: 'vllm', models: [model], gpuType, gpuCount } as const;
  return { instance: createInstance({ ...init, ...fields }), profile };
}

export type Kind = 'ttft' | 'tpot';

/** Mean absolute percentage error of what was foretold, 0.2 for 20 %. */
export function errorOf(outcomes: readonly Outcome[], kind: Kind): number {
  const errors = outcomes.map((outcome) => {
    const actual = kind === 'ttft' ? outcome.ttftMs : outcome.tpotMs;
    const predicted = kind === 'ttft' ? outcome.predictedTtft : outcome.predictedTpot;
    return Math.abs(predicted.mean - actual) / actual;
  });
  return errors.reduce((sum, error) => sum + error, 0) / errors.length;
}

function exponential(random: Random, mean: number): number {
  return -mean * Math.log(1 - random.next());
}
