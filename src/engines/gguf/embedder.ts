/** Embeddings: one text after the other through a context of their own, made when the first text comes. */

import type { LlamaEmbeddingContext, LlamaModel } from 'node-llama-cpp';
import { type EmbeddingResult, EngineRefusal } from '../serving/token-engine.ts';
import { messageOf } from './model-file.ts';

export interface EmbedderOptions {
  readonly contextTokens: number;
  readonly threads: number;
}

export class Embedder {
  readonly #model: LlamaModel;
  readonly #options: EmbedderOptions;
  #context: Promise<LlamaEmbeddingContext> | undefined;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(model: LlamaModel, options: EmbedderOptions) {
    this.#model = model;
    this.#options = options;
  }

  embed(text: string, signal: AbortSignal): Promise<EmbeddingResult> {
    const result = this.#tail.then(() => this.#embedNow(text, signal));
    this.#tail = result.catch(() => undefined);
    return result;
  }

  async close(): Promise<void> {
    await this.#tail;
    const context = await this.#context?.catch(() => undefined);
    await context?.dispose();
  }

  async #embedNow(text: string, signal: AbortSignal): Promise<EmbeddingResult> {
    signal.throwIfAborted();
    this.#context ??= this.#createContext();
    const context = await this.#context;
    const promptTokens = context.calculateInputLength(text);
    const limit = this.#options.contextTokens - 1;
    if (promptTokens > limit) {
      throw new EngineRefusal(
        400,
        'context_length_exceeded',
        `The text to embed has ${promptTokens} tokens; this engine takes at most ${limit}.`,
      );
    }
    const { vector } = await context.getEmbeddingFor(text);
    if (vector.length === 0)
      throw new EngineRefusal(400, 'invalid_value', 'The text to embed has no tokens.');
    return { embedding: normalized(vector), promptTokens };
  }

  /** A model whose attention looks both ways needs the whole text in one batch, hence the batch size. */
  #createContext(): Promise<LlamaEmbeddingContext> {
    const { contextTokens, threads } = this.#options;
    return this.#model
      .createEmbeddingContext({ contextSize: contextTokens, batchSize: contextTokens, threads })
      .catch((thrown: unknown) => {
        throw new EngineRefusal(
          501,
          'embeddings_not_supported',
          `This model makes no embeddings: ${messageOf(thrown)}`,
        );
      });
  }
}

/** Of length 1, as OpenAI's API and llama.cpp's server give them. */
function normalized(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector);
  return length === 0 ? [...vector] : vector.map((component) => component / length);
}
