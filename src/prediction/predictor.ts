/** A latency model at work: follows every request, keeps each instance's load, and lets the model learn from what happened. */

import type {
  CompletionFacts,
  ExecutionInstance,
  ForecastFacts,
  ForecastingPredictor,
  ForecastQuestion,
  PredictedMs,
  PredictorAccuracy,
  RequestMetadata,
  StepCoefficients,
} from '../domain/index.ts';
import { createInstance } from '../domain/index.ts';
import { Accuracy } from './accuracy.ts';
import { type Place, placeOf } from './instance-class.ts';
import type { LatencyModel, Observation, PredictionSources } from './latency-model.ts';
import type { Flight } from './load/flight.ts';
import { InstanceLoad } from './load/instance-load.ts';
import { type OutputLengthOptions, OutputLengths } from './output-lengths.ts';

/** Prompt tokens of `request` that `instance` holds already; asked at the dispatch, before anybody books the prompt there. */
export type CachedTokens = (request: RequestMetadata, instance: ExecutionInstance) => number;

export interface PredictorParts {
  readonly name: string;
  readonly model: LatencyModel;
  /** Without it every prompt token counts as one to be computed. */
  readonly cachedTokens?: CachedTokens;
  readonly outputLengths?: OutputLengthOptions;
}

/** Shorter answers say little about the time per token. */
const LEAST_STEPS = 4;

/** Nobody has to settle; so this bounds what is put off. */
const MAX_LESSONS = 256;

/** Something seen: how long an attempt took, or how long an answer was. */
type Lesson =
  | { readonly observation: Observation; readonly place: Place }
  | { readonly request: RequestMetadata; readonly outputTokens: number };

interface KnownInstance {
  instance: ExecutionInstance;
  readonly load: InstanceLoad;
  readonly places: Map<string, Place>;
}

export class Predictor implements ForecastingPredictor {
  #name: string;
  #model: LatencyModel;
  readonly #cachedTokens: CachedTokens;
  readonly #outputLengths: OutputLengths;
  #accuracy = new Accuracy();
  readonly #instances = new Map<string, KnownInstance>();
  readonly #flights = new Map<string, Flight & { readonly load: InstanceLoad }>();
  /** What was seen and is not learnt yet, because no decision should wait for it. */
  readonly #lessons: Lesson[] = [];

  constructor({ name, model, cachedTokens = () => 0, outputLengths }: PredictorParts) {
    this.#name = name;
    this.#model = model;
    this.#cachedTokens = cachedTokens;
    this.#outputLengths = new OutputLengths(outputLengths);
  }

  get name(): string {
    return this.#name;
  }

  /** From now on times come from `model`. What is known of loads and answers stays; another name's accuracy starts anew. */
  use(name: string, model: LatencyModel): void {
    this.onSettled();
    if (name !== this.#name) this.#accuracy = new Accuracy();
    this.#name = name;
    this.#model = model;
  }

  /** `undefined` where times have one source only. */
  sources(): PredictionSources | undefined {
    return this.#model.sources?.();
  }

  coefficients(instanceId: string, model: string): StepCoefficients {
    return this.#model.coefficients(this.#place(instanceId, model));
  }

  ttft(facts: ForecastFacts): PredictedMs {
    return this.#model.ttft(facts, this.#place(facts.instanceId, facts.model));
  }

  tpot(facts: ForecastFacts): PredictedMs {
    return this.#model.tpot(facts, this.#place(facts.instanceId, facts.model));
  }

  facts(question: ForecastQuestion, nowMs: number): ForecastFacts {
    const { instanceId, model, uncachedTokens, cachedTokens } = question;
    const known = this.#instances.get(instanceId);
    if (known === undefined) {
      const outputTokens = this.#outputLengths.expectedOf(model);
      return { ...question, outputTokens, queuedPrefillTokens: 0, decodingRequests: 0, kvTokens: 0 };
    }
    const { load } = known;
    load.settle(nowMs);
    const queued = load.queued(nowMs, msPerPromptToken(this.coefficients(instanceId, model), load));
    return {
      instanceId,
      model,
      uncachedTokens,
      cachedTokens,
      queuedPrefillTokens: queued.tokens,
      queuedPrefillPairs: queued.pairs,
      decodingRequests: load.decodingRequests,
      kvTokens: load.kvTokens(nowMs),
      prefillTokensPerSecond: load.prefillTokensPerSecond(nowMs),
      outputTokens: this.#outputLengths.expectedOf(model),
    };
  }

  expectedOutputTokens(request: RequestMetadata): number {
    return this.#outputLengths.expected(request);
  }

  /** So many tokens or fewer will be the answer with this probability. */
  outputTokensQuantile(request: RequestMetadata, share: number): number {
    return this.#outputLengths.quantile(request, share);
  }

  accuracy(): PredictorAccuracy {
    return this.#accuracy.read();
  }

  onInstanceRegistered(instance: ExecutionInstance): void {
    this.#know(instance);
  }

  onInstanceRemoved(instanceId: string): void {
    this.onSettled();
    this.#instances.delete(instanceId);
    this.#model.forgetInstance?.(instanceId);
  }

  onRequestDispatched(request: RequestMetadata, instance: ExecutionInstance, nowMs: number): void {
    const { load } = this.#know(instance);
    const held = Math.max(0, Math.min(request.promptTokens - 1, this.#cachedTokens(request, instance)));
    const facts = this.facts(
      {
        instanceId: instance.id,
        model: request.model,
        uncachedTokens: request.promptTokens - held,
        cachedTokens: held,
      },
      nowMs,
    );
    const flight = {
      request,
      load,
      place: this.#place(instance.id, request.model),
      dispatchedMs: nowMs,
      facts,
      ttft: this.ttft(facts),
      tpot: this.tpot(facts),
      atFirstToken: undefined,
    };
    this.#flights.set(request.id, flight);
    load.dispatched(flight);
  }

  onFirstToken(request: RequestMetadata, _instance: ExecutionInstance, ttftMs: number, nowMs: number): void {
    const flight = this.#flights.get(request.id);
    // The first byte of an answer that comes in one piece is its end.
    if (flight === undefined || !request.stream) return;
    flight.load.firstToken(flight, nowMs);
    if (!(ttftMs > 0)) return;
    this.#accuracy.sawTtft(flight.ttft, ttftMs);
    const predictedMs = flight.ttft.mean;
    this.#putOff({
      observation: { of: 'ttft', facts: flight.facts, ms: ttftMs, predictedMs },
      place: flight.place,
    });
  }

  onRequestCompleted(
    request: RequestMetadata,
    facts: CompletionFacts,
    _instance: ExecutionInstance,
    nowMs: number,
  ): void {
    const outputTokens = facts.outputTokens ?? (request.kind === 'embedding' ? 0 : undefined);
    if (facts.outputTokens !== undefined && request.kind !== 'embedding') {
      this.#putOff({ request, outputTokens: facts.outputTokens });
    }
    const flight = this.#flights.get(request.id);
    if (flight === undefined) return;
    flight.load.settle(nowMs);
    if (outputTokens !== undefined) {
      if (request.stream) this.#learnDecoding(flight, outputTokens - 1, nowMs);
      else this.#learnWhole(flight, Math.max(0, outputTokens - 1), nowMs);
    }
    this.#end(flight, nowMs);
  }

  onRequestFailed(request: RequestMetadata, instance: ExecutionInstance | undefined, nowMs: number): void {
    const flight = this.#flights.get(request.id);
    if (flight !== undefined && instance !== undefined) this.#end(flight, nowMs);
  }

  /** What was learnt counts from now on. */
  onSettled(): void {
    if (this.#lessons.length === 0) return;
    for (const lesson of this.#lessons) {
      if ('place' in lesson) this.#model.learn?.(lesson.observation, lesson.place);
      else this.#outputLengths.learn(lesson.request, lesson.outputTokens);
    }
    this.#lessons.length = 0;
  }

  #putOff(lesson: Lesson): void {
    if (this.#lessons.push(lesson) >= MAX_LESSONS) this.onSettled();
  }

  #learnDecoding(flight: Flight & { readonly load: InstanceLoad }, steps: number, nowMs: number): void {
    const { load, atFirstToken } = flight;
    if (atFirstToken === undefined || steps < 1) return;
    const ms = nowMs - atFirstToken.atMs;
    if (!(ms > 0)) return;
    load.sawTpot(ms / steps);
    this.#accuracy.sawTpot(flight.tpot, ms / steps);
    if (steps < LEAST_STEPS) return;
    const mix = load.mixSince(atFirstToken, steps);
    this.#putOff({
      observation: { of: 'decode', mix, ms, predictedMs: flight.tpot.mean },
      place: flight.place,
    });
  }

  #learnWhole(flight: Flight & { readonly load: InstanceLoad }, steps: number, nowMs: number): void {
    const { load, facts, atFirstToken, dispatchedMs } = flight;
    const ms = nowMs - dispatchedMs;
    if (!(ms > 0)) return;
    const mix =
      atFirstToken === undefined
        ? { ...NOTHING_ELSE, steps, decodingRequests: load.decodingRequests + 1 }
        : load.mixSince(atFirstToken, steps);
    this.#putOff({ observation: { of: 'whole', facts, mix, ms }, place: flight.place });
  }

  #end(flight: Flight & { readonly load: InstanceLoad }, nowMs: number): void {
    this.#flights.delete(flight.request.id);
    flight.load.ended(flight, nowMs);
  }

  #know(instance: ExecutionInstance): KnownInstance {
    const known = this.#instances.get(instance.id);
    if (known === undefined) {
      const fresh = { instance, load: new InstanceLoad(), places: new Map() };
      this.#instances.set(instance.id, fresh);
      return fresh;
    }
    if (known.instance !== instance) {
      known.instance = instance;
      known.places.clear();
    }
    return known;
  }

  #place(instanceId: string, model: string): Place {
    const known = this.#instances.get(instanceId);
    const place = known?.places.get(model);
    if (place !== undefined) return place;
    const instance = known?.instance ?? createInstance({ id: instanceId, url: '', models: [model] });
    const fresh = placeOf(instance, model);
    // Only served models are kept, or names that callers make up would fill the memory.
    if (known !== undefined && (instance.models.includes(model) || instance.adapters.includes(model))) {
      known.places.set(model, fresh);
    }
    return fresh;
  }
}

const NOTHING_ELSE = { kvTokens: 0, prefillTokens: 0, prefillPairs: 0, prompts: 0 } as const;

/** In steps filled up to the token budget. */
function msPerPromptToken(coefficients: StepCoefficients, load: InstanceLoad): number {
  const { fixedMs, weightsMs, msPerToken, maxBatchedTokens } = coefficients;
  const room = Math.max(maxBatchedTokens / 16, maxBatchedTokens - load.decodingRequests);
  return (fixedMs + Math.hypot(weightsMs, msPerToken * maxBatchedTokens)) / room;
}
