/** An engine without a GPU: answers made up, their timing that of `EngineModel`. */

import { seededRandom } from '../../domain/index.ts';
import type { EngineModelEvent, EngineProfile, RejectReason } from '../../enginemodel/index.ts';
import { blockKeysOfText, EngineModel } from '../../enginemodel/index.ts';
import type {
  EmbeddingResult,
  EngineGauges,
  GenerationEvent,
  GenerationRequest,
  TokenEngine,
} from '../serving/token-engine.ts';
import { EngineRefusal } from '../serving/token-engine.ts';
import { EventQueue } from './event-queue.ts';
import { CHARACTERS_PER_TOKEN, createLibrary, cutAnswer, plausibleLength } from './plausible-text.ts';
import { countTokens, textOfTokenIds, tokenIdsOf } from './pretend-tokens.ts';
import { ScaledClock } from './scaled-clock.ts';

export interface SimulatedEngineOptions {
  readonly profile: EngineProfile;
  /** The name it serves; the profile's model by default. */
  readonly model?: string;
  /** How many times faster than the modelled hardware. */
  readonly speed?: number;
  /** Answers depend on it, and on the prompt. */
  readonly seed?: number;
  readonly blockTokens?: number;
}

/** A request in the model. */
interface Job {
  readonly answer: Answer;
  readonly promptTokens: number;
  readonly events: EventQueue<GenerationEvent>;
  cachedTokens: number;
  emittedTokens: number;
}

/** What will be said, known before it is. */
interface Answer {
  readonly text: string;
  readonly tokens: number;
  readonly finishReason: 'stop' | 'length';
}

const EMBEDDING_DIMENSIONS = 256;

const REFUSALS: Readonly<Record<RejectReason, string>> = {
  context_length_exceeded: "is longer than this model's maximum context length",
  kv_cache_too_small: 'does not fit into the KV cache; reduce the prompt or max_tokens',
};

export class SimulatedEngine implements TokenEngine {
  readonly modelNames: readonly string[];
  readonly maxModelTokens: number;
  readonly #model: EngineModel;
  readonly #clock: ScaledClock;
  readonly #speed: number;
  readonly #seed: number;
  readonly #library: string;
  readonly #jobs = new Map<string, Job>();
  #timer: NodeJS.Timeout | undefined;
  #dueMs = Infinity;
  #lastId = 0;

  constructor(options: SimulatedEngineOptions) {
    const { profile, model = profile.model, speed = 1, seed = 1, blockTokens = 16 } = options;
    if (!(speed > 0 && speed < Infinity)) {
      throw new RangeError(`speed is ${speed}; a number above 0 is allowed`);
    }
    this.modelNames = [model];
    this.maxModelTokens = Math.min(profile.maxModelTokens, profile.kvCacheTokens);
    this.#model = new EngineModel(profile, { reportTokens: true, blockTokens });
    this.#clock = new ScaledClock(speed);
    this.#speed = speed;
    this.#seed = seed;
    this.#library = createLibrary(seed);
  }

  /** Every step takes `factor` times as long from now on; 1 is as modelled. */
  slowDown(factor: number): void {
    this.#clock.setRate(this.#speed / factor);
    this.#dueMs = Infinity;
    this.#arm();
  }

  generate(request: GenerationRequest): AsyncIterable<GenerationEvent> {
    const promptTokens = countTokens(request.promptText);
    const answer = this.#answerTo(request);
    return this.#submit(request.promptText, promptTokens, answer, request.signal);
  }

  /** Costs a prefill, like an embedding model of the same size. */
  async embed(text: string, signal: AbortSignal): Promise<EmbeddingResult> {
    const promptTokens = countTokens(text);
    const events = this.#submit(text, promptTokens, { text: '', tokens: 1, finishReason: 'stop' }, signal);
    for await (const event of events) {
      if (event.type === 'end' && event.finishReason === 'abort') throw new Error('the client is gone');
    }
    return { embedding: unitVector(this.#seed ^ hashOf(text)), promptTokens };
  }

  countTokens(text: string): number {
    return countTokens(text);
  }

  tokenize(text: string): readonly number[] {
    return tokenIdsOf(text);
  }

  detokenize(tokenIds: readonly number[]): string {
    return textOfTokenIds(tokenIds);
  }

  gauges(): EngineGauges {
    this.#run();
    return this.#model.gauges();
  }

  async close(): Promise<void> {
    for (const id of [...this.#jobs.keys()]) this.#abort(id);
    clearTimeout(this.#timer);
    this.#dueMs = Infinity;
  }

  #answerTo({ promptText, maxTokens, seed = 0, ignoreEos, temperature }: GenerationRequest): Answer {
    const chance = temperature === 0 ? 0 : seed;
    const random = seededRandom(this.#seed ^ hashOf(promptText) ^ Math.imul(chance, 0x9e3779b1));
    const start = Math.floor(random.next() * this.#library.length);
    const wanted = plausibleLength(random);
    const tokens = ignoreEos ? maxTokens : Math.min(wanted, maxTokens);
    const finishReason = tokens < maxTokens ? 'stop' : 'length';
    return { text: cutAnswer(this.#library, start, tokens), tokens, finishReason };
  }

  #submit(
    promptText: string,
    promptTokens: number,
    answer: Answer,
    signal: AbortSignal,
  ): EventQueue<GenerationEvent> {
    const id = String(++this.#lastId);
    const length = { id, promptTokens, outputTokens: answer.tokens };
    const reason = this.#model.rejects(length);
    if (reason !== undefined) {
      const size = `${promptTokens} prompt tokens and ${answer.tokens} tokens to generate`;
      throw new EngineRefusal(400, reason, `The request (${size}) ${REFUSALS[reason]}.`);
    }
    const blockCharacters = this.#model.options.blockTokens * CHARACTERS_PER_TOKEN;
    const blockKeys = blockKeysOfText(promptText + answer.text, blockCharacters);
    const abort = () => this.#abort(id);
    const events = new EventQueue<GenerationEvent>(abort);
    this.#jobs.set(id, { answer, promptTokens, events, cachedTokens: 0, emittedTokens: 0 });
    this.#model.submit({ ...length, blockKeys }, this.#clock.now());
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    this.#arm();
    return events;
  }

  #abort(id: string): void {
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    this.#model.cancel(id, this.#clock.now());
    this.#end(id, job, 'abort');
    this.#arm();
  }

  /** One timer for the model's next event, whatever the number of requests. */
  #arm(): void {
    const nextMs = this.#model.nextEventMs();
    if (nextMs >= this.#dueMs) return;
    clearTimeout(this.#timer);
    this.#dueMs = nextMs;
    const waitMs = Math.max(0, this.#clock.wallMsUntil(nextMs));
    this.#timer = setTimeout(() => {
      this.#dueMs = Infinity;
      this.#run();
    }, waitMs);
  }

  #run(): void {
    for (const event of this.#model.advance(this.#clock.now())) this.#handle(event);
    this.#arm();
  }

  #handle(event: EngineModelEvent): void {
    if (event.type === 'tokens') {
      for (const id of event.ids) this.#emit(this.#jobs.get(id));
      return;
    }
    const job = this.#jobs.get(event.id);
    if (job === undefined) return;
    if (event.type === 'admitted') job.cachedTokens = event.cachedTokens;
    if (event.type === 'finished') this.#end(event.id, job, job.answer.finishReason);
  }

  #emit(job: Job | undefined): void {
    if (job === undefined) return;
    const from = job.emittedTokens++ * CHARACTERS_PER_TOKEN;
    const text = job.answer.text.slice(from, from + CHARACTERS_PER_TOKEN);
    job.events.push({ type: 'token', text, tokenCount: 1 });
  }

  #end(id: string, job: Job, finishReason: 'stop' | 'length' | 'abort'): void {
    this.#jobs.delete(id);
    const { promptTokens, cachedTokens, emittedTokens: completionTokens } = job;
    job.events.push({ type: 'end', finishReason, promptTokens, cachedTokens, completionTokens });
    job.events.end();
  }
}

function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

function unitVector(seed: number): readonly number[] {
  const random = seededRandom(seed);
  const raw = Array.from({ length: EMBEDDING_DIMENSIONS }, () => random.next() * 2 - 1);
  const length = Math.hypot(...raw);
  return raw.map((value) => value / length);
}
