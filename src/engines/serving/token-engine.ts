/** The port between an engine that makes tokens and the HTTP server that speaks OpenAI's API in front of it. */

/** One message of a chat, its content as plain text. */
export interface ChatTurn {
  readonly role: string;
  readonly content: string;
}

/** One prompt to complete. */
export interface GenerationRequest {
  readonly id: string;
  readonly model: string;
  /** The prompt as text; chat messages come already joined by the server's chat template. */
  readonly promptText: string;
  /** The chat that `promptText` was joined from, for an engine whose model brings a template of its own. */
  readonly messages?: readonly ChatTurn[];
  readonly maxTokens: number;
  readonly temperature: number;
  readonly seed?: number;
  /** Texts that end the answer. The server ends it there by itself; an engine that can do so earlier may. */
  readonly stop: readonly string[];
  /** Generate up to `maxTokens` even where the model would stop by itself. */
  readonly ignoreEos: boolean;
  /** Aborted when the client is gone: the engine must stop its work and free what it held. */
  readonly signal: AbortSignal;
}

export type FinishReason = 'stop' | 'length' | 'abort';

/** What an engine yields for one request, in order: tokens, then exactly one end. */
export type GenerationEvent =
  | { readonly type: 'token'; readonly text: string; readonly tokenCount: number }
  | {
      readonly type: 'end';
      readonly finishReason: FinishReason;
      readonly promptTokens: number;
      readonly cachedTokens: number;
      readonly completionTokens: number;
    };

export interface EmbeddingResult {
  readonly embedding: readonly number[];
  readonly promptTokens: number;
}

/** The figures that an engine's `/metrics` shows, whatever names it shows them under. */
export interface EngineGauges {
  readonly waitingRequests: number;
  readonly runningRequests: number;
  /** 0 to 1 */
  readonly kvCacheUsage: number;
  /** Tokens that the KV cache holds in all, used or not. */
  readonly kvCacheTokens: number;
  readonly prefixCacheQueriesTokens: number;
  readonly prefixCacheHitsTokens: number;
  readonly promptTokensTotal: number;
  readonly generationTokensTotal: number;
  readonly requestsFinishedTotal: number;
  readonly preemptionsTotal: number;
}

/** Thrown by `generate` or `embed` for a request that the engine itself refuses, with the status an engine would answer. */
export class EngineRefusal extends Error {
  override readonly name = 'EngineRefusal';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** An engine that makes tokens: the simulated one, or llama.cpp in this process. */
export interface TokenEngine {
  readonly modelNames: readonly string[];
  readonly maxModelTokens: number;
  generate(request: GenerationRequest): AsyncIterable<GenerationEvent>;
  embed(text: string, signal: AbortSignal): Promise<EmbeddingResult>;
  /** @param messages the chat that the text was joined from */
  countTokens(text: string, messages?: readonly ChatTurn[]): number;
  /** Token ids of a text, where the engine has any to show. */
  tokenize?(text: string): readonly number[];
  /** The text that token ids stand for, so that prompts may be given as ids. */
  detokenize?(tokenIds: readonly number[]): string;
  /** Everything takes `factor` times as long from now on; only of an engine that can be told so. */
  slowDown?(factor: number): void;
  gauges(): EngineGauges;
  close(): Promise<void>;
}
