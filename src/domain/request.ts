/** What the scheduler knows of one request. */

import type { RequestPriority } from './priority.ts';

/** `other` is any further `/v1/*` call that names a model and is passed through as it is. */
export type RequestKind = 'chat' | 'completion' | 'embedding' | 'other';

/** One request, as immutable data: made once at arrival, replaced (never changed) when it is retried. */
export interface RequestMetadata {
  readonly id: string;
  /** The model asked of the fleet, after aliases are resolved. */
  readonly model: string;
  readonly kind: RequestKind;
  /** Whether the answer is streamed token by token. */
  readonly stream: boolean;
  readonly priority: RequestPriority;
  /** Epoch milliseconds at which the request came in. */
  readonly arrivalMs: number;
  /** Prompt length in tokens, counted or estimated (see `promptTokensEstimated`). */
  readonly promptTokens: number;
  readonly promptTokensEstimated: boolean;
  /** Bytes of the request's body, which is held in memory while it waits. */
  readonly bodyBytes?: number;
  /** The canonical prompt text, when a policy or the prefix index needs it. */
  readonly promptText?: string;
  readonly promptTokenIds?: readonly number[];
  /**
   * The canonical prompt in blocks, for the prefix index: two 32-bit halves of a hash per block, each hash over everything up
   * to the end of its block, so that two prompts share a block where they are the same up to there.
   */
  readonly prefixBlocks?: Uint32Array;
  /** Prompt tokens in one such block, on average. */
  readonly prefixBlockTokens?: number;
  /** The most tokens the caller lets the engine generate. */
  readonly maxTokens?: number;
  /** Epoch milliseconds after which an answer is of no use; a request that still waits then is failed. */
  readonly deadlineMs?: number;
  /** Wanted time to first token, milliseconds. */
  readonly ttftSloMs?: number;
  /** Wanted time per output token, milliseconds. */
  readonly tpotSloMs?: number;
  /** Whose request it is, for fairness and accounting (an API key's tenant). */
  readonly tenant?: string;
  /** The end user within the tenant. */
  readonly user?: string;
  /** Requests of one conversation share this. */
  readonly session?: string;
  /** The LoRA adapter asked for. */
  readonly adapter?: string;
  /** The most the request may cost, US dollars. */
  readonly costBudgetUsd?: number;
  /** How often the request was dispatched before and failed. */
  readonly retries: number;
  /** Ids of the instances that already failed this request; it is never sent there again. */
  readonly failedInstances: readonly string[];
  /** Ids of the instances that may serve it, whatever routing says; absent: all. */
  readonly onlyInstances?: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
}

/** The fields without a useful default; `createRequest` fills in the rest. */
export type RequestInit = Pick<RequestMetadata, 'id' | 'model' | 'arrivalMs'> & Partial<RequestMetadata>;

const DEFAULTS = {
  kind: 'chat',
  stream: false,
  priority: 'NORMAL',
  promptTokens: 1,
  promptTokensEstimated: true,
  retries: 0,
  failedInstances: [],
  tags: {},
} as const;

/** A frozen request with defaults for whatever `init` leaves out. */
export function createRequest(init: RequestInit): RequestMetadata {
  return Object.freeze({ ...DEFAULTS, ...init });
}

/** The same request after `instanceId` failed it: one retry more, that instance excluded. */
export function afterFailureOn(request: RequestMetadata, instanceId: string): RequestMetadata {
  return Object.freeze({
    ...request,
    retries: request.retries + 1,
    failedInstances: [...request.failedInstances, instanceId],
  });
}

/** The tokens a request may come to occupy: its prompt and, where the caller bounded it, the answer. */
export function tokenFootprint(request: RequestMetadata): number {
  return request.promptTokens + (request.maxTokens ?? 0);
}
