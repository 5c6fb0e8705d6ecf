/** A real engine in this process: llama.cpp computes several requests together, each in a sequence of one shared context. */

import { randomInt } from 'node:crypto';
import type { LlamaContext, LlamaContextSequence, LlamaModel, Token } from 'node-llama-cpp';
import {
  type ChatTurn,
  type EmbeddingResult,
  type EngineGauges,
  EngineRefusal,
  type FinishReason,
  type GenerationEvent,
  type GenerationRequest,
  type TokenEngine,
} from '../serving/token-engine.ts';
import { commonPrefixLength } from './choose-sequence.ts';
import type { Embedder } from './embedder.ts';
import type { PromptTokenizer } from './prompt-tokens.ts';
import { SequencePool } from './sequence-pool.ts';
import { TextAssembler } from './text-assembler.ts';

/** A prompt is computed in pieces of this size, so that an abort during a long one is noticed and others get their turn. */
const PREFILL_TOKENS = 256;

export interface GgufEngineParts {
  readonly modelName: string;
  readonly model: LlamaModel;
  /** Absent for a model that only makes embeddings. */
  readonly context: LlamaContext | undefined;
  readonly maxModelTokens: number;
  readonly threads: number;
  readonly embedder: Embedder;
  readonly tokenizePrompt: PromptTokenizer;
}

/** What one request has cost so far. */
interface Usage {
  readonly promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
}

export class GgufEngine implements TokenEngine {
  readonly modelNames: readonly string[];
  readonly maxModelTokens: number;
  /** How many requests are computed together; 0 for a model that only makes embeddings. */
  readonly sequences: number;
  readonly threads: number;
  readonly #parts: GgufEngineParts;
  readonly #pool: SequencePool<LlamaContextSequence>;
  readonly #closing = new AbortController();
  readonly #totals = { prompt: 0, cached: 0, generated: 0, finished: 0 };

  constructor(parts: GgufEngineParts) {
    this.#parts = parts;
    this.modelNames = [parts.modelName];
    this.maxModelTokens = parts.maxModelTokens;
    this.threads = parts.threads;
    const { context } = parts;
    this.sequences = context?.totalSequences ?? 0;
    this.#pool = new SequencePool(Array.from({ length: this.sequences }, () => context!.getSequence()));
  }

  async *generate(request: GenerationRequest): AsyncGenerator<GenerationEvent, void> {
    if (this.#closing.signal.aborted) throw shuttingDown();
    if (this.#parts.context === undefined) {
      throw new EngineRefusal(501, 'generation_not_supported', 'This model only makes embeddings.');
    }
    const prompt = this.#parts.tokenizePrompt(request);
    this.#refuseBadLength(prompt.length);
    const signal = AbortSignal.any([request.signal, this.#closing.signal]);
    const usage: Usage = { promptTokens: prompt.length, cachedTokens: 0, completionTokens: 0 };
    let finishReason: FinishReason;
    try {
      finishReason = yield* this.#inSequence(request, prompt, usage, signal);
    } catch (thrown) {
      if (!signal.aborted || thrown instanceof EngineRefusal) throw thrown;
      finishReason = 'abort';
    }
    if (finishReason !== 'abort') this.#totals.finished++;
    yield { type: 'end', finishReason, ...usage };
  }

  async embed(text: string, signal: AbortSignal): Promise<EmbeddingResult> {
    if (this.#closing.signal.aborted) throw shuttingDown();
    return this.#parts.embedder.embed(text, AbortSignal.any([signal, this.#closing.signal]));
  }

  countTokens(text: string, messages?: readonly ChatTurn[]): number {
    return this.#parts.tokenizePrompt({ promptText: text, ...(messages && { messages }) }).length;
  }

  tokenize(text: string): readonly number[] {
    return this.#parts.model.tokenize(text, true);
  }

  detokenize(tokenIds: readonly number[]): string {
    const size = this.#parts.model.fileInfo.metadata.tokenizer.ggml.tokens.length;
    const unknown = tokenIds.find((id) => !Number.isInteger(id) || id < 0 || id >= size);
    if (unknown === undefined) return this.#parts.model.detokenize(tokenIds as readonly Token[], true);
    // llama.cpp would end the process.
    throw new EngineRefusal(400, 'invalid_value', `Token id ${unknown} is not in the vocabulary of ${size}.`);
  }

  gauges(): EngineGauges {
    const running = [...this.#pool.lent];
    // What idle sequences keep for reuse can be dropped at any moment, so it does not count as used.
    const usedTokens = running.reduce((total, sequence) => total + sequence.nextTokenIndex, 0);
    const kvCacheTokens = this.sequences * this.maxModelTokens;
    return {
      waitingRequests: this.#pool.waiting,
      runningRequests: running.length,
      kvCacheUsage: kvCacheTokens === 0 ? 0 : usedTokens / kvCacheTokens,
      kvCacheTokens,
      prefixCacheQueriesTokens: this.#totals.prompt,
      prefixCacheHitsTokens: this.#totals.cached,
      promptTokensTotal: this.#totals.prompt - this.#totals.cached,
      generationTokensTotal: this.#totals.generated,
      requestsFinishedTotal: this.#totals.finished,
      preemptionsTotal: 0,
    };
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#pool.close(shuttingDown());
    this.#closing.abort();
    await this.#parts.embedder.close();
    await this.#parts.context?.dispose();
    await this.#parts.model.dispose();
  }

  #refuseBadLength(promptTokens: number): void {
    if (promptTokens === 0) throw new EngineRefusal(400, 'invalid_value', 'The prompt is empty.');
    if (promptTokens < this.maxModelTokens) return;
    throw new EngineRefusal(
      400,
      'context_length_exceeded',
      `This engine's context holds ${this.maxModelTokens} tokens, prompt and answer; the prompt alone has ${promptTokens}.`,
    );
  }

  async *#inSequence(
    request: GenerationRequest,
    prompt: readonly Token[],
    usage: Usage,
    signal: AbortSignal,
  ): AsyncGenerator<GenerationEvent, FinishReason> {
    const sequence = await this.#pool.acquire(prompt, signal);
    try {
      usage.cachedTokens = await keepCommonPrefix(sequence, prompt);
      this.#totals.prompt += usage.promptTokens;
      this.#totals.cached += usage.cachedTokens;
      const rest = await prefill(sequence, prompt.slice(usage.cachedTokens), signal);
      return yield* this.#decode(sequence, { request, prompt, rest, usage, signal });
    } finally {
      this.#pool.release(sequence);
    }
  }

  async *#decode(sequence: LlamaContextSequence, run: Run): AsyncGenerator<GenerationEvent, FinishReason> {
    const { request, prompt, usage, signal } = run;
    const { model } = this.#parts;
    const mostTokens = Math.min(request.maxTokens, this.maxModelTokens - prompt.length);
    const assembler = new TextAssembler<Token>(
      (tokens, before) => model.detokenize(tokens, false, before),
      prompt,
    );
    const tokens = sequence.evaluate(run.rest, {
      temperature: request.temperature,
      seed: request.seed === undefined ? randomInt(2 ** 32 - 1) : request.seed >>> 0,
      yieldEogToken: request.ignoreEos,
    });
    let finishReason: FinishReason = 'stop';
    for await (const token of tokens) {
      usage.completionTokens++;
      this.#totals.generated++;
      const piece = assembler.push(token);
      if (piece !== undefined) yield { type: 'token', ...piece };
      signal.throwIfAborted();
      if (usage.completionTokens >= mostTokens) {
        finishReason = 'length';
        break;
      }
    }
    const last = assembler.flush();
    if (last !== undefined) yield { type: 'token', ...last };
    return finishReason;
  }
}

function shuttingDown(): EngineRefusal {
  return new EngineRefusal(503, 'shutting_down', 'The engine is shutting down.');
}

interface Run {
  readonly request: GenerationRequest;
  readonly prompt: readonly Token[];
  /** The end of the prompt that is not computed yet. */
  readonly rest: Token[];
  readonly usage: Usage;
  readonly signal: AbortSignal;
}

/**
 * Leaves in the sequence what the prompt begins with, all but its last token, whose computation yields the first new one.
 * @returns how many tokens of the prompt need not be computed
 */
async function keepCommonPrefix(sequence: LlamaContextSequence, prompt: readonly Token[]): Promise<number> {
  const kept = Math.min(commonPrefixLength(sequence.contextTokens, prompt), prompt.length - 1);
  const computedBefore = sequence.tokenMeter.usedInputTokens;
  await sequence.eraseContextTokenRanges([{ start: kept, end: sequence.nextTokenIndex }]);
  // Models whose cache cannot be cut anywhere (recurrent, sliding window) compute a part of the prefix again.
  return kept - (sequence.tokenMeter.usedInputTokens - computedBefore);
}

/** Computes all of the tokens but the last piece, which it returns. */
async function prefill(
  sequence: LlamaContextSequence,
  tokens: readonly Token[],
  signal: AbortSignal,
): Promise<Token[]> {
  let start = 0;
  for (; tokens.length - start > PREFILL_TOKENS; start += PREFILL_TOKENS) {
    await sequence.evaluateWithoutGeneratingNewTokens(tokens.slice(start, start + PREFILL_TOKENS));
    signal.throwIfAborted();
  }
  return tokens.slice(start);
}
