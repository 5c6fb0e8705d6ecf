/** What can be chosen when a GGUF file is served. */

export interface GgufEngineOptions {
  /** The model's file; of a split model the first part. */
  readonly file: string;
  /** The name that requests call it by; the file's name without `.gguf` when absent. */
  readonly modelName?: string;
  /** How many requests are computed together. */
  readonly sequences?: number;
  /** How many tokens one request may span, prompt and answer. */
  readonly contextTokens?: number;
  readonly threads?: number;
}

export const DEFAULT_SEQUENCES = 4;
/** Each token of context costs memory in every sequence, so a model trained on 128k does not get all of it unasked. */
export const DEFAULT_MOST_CONTEXT_TOKENS = 4096;
