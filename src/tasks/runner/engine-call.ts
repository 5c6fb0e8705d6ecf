/** One call to an engine for a task: the whole answer as JSON, or what went wrong in terms of what to do next. */

import { Agent, request } from 'undici';
import type { TlsSettings } from '../../engines/index.ts';
import type { TokenUsage } from '../../scheduler/index.ts';
import { connectionFailure } from '../instances/guarded-client.ts';
import { excerptOf, isObject, parsed, retryAfterMsOf } from '../instances/task-instance-client.ts';
import type { EngineBody } from './task-request.ts';

export type EngineOutcome =
  | { readonly type: 'answered'; readonly result: unknown; readonly usage: TokenUsage }
  /** 429: it is full, and nobody is at fault. */
  | { readonly type: 'busy'; readonly retryAfterMs: number | undefined }
  /** It refused the task, and would again. */
  | { readonly type: 'rejected'; readonly message: string }
  /** Another try may go well. */
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'too-large'; readonly maxBytes: number }
  /** By `signal`. */
  | { readonly type: 'aborted' };

export interface EngineCallOptions extends EngineBody {
  /** Base URL, with what is in front of the API's path. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsSettings | undefined;
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Refusals that may pass. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 409, 425]);

export class EngineCaller {
  readonly #connectTimeoutMs: number;
  /** One for each way to secure connections. */
  readonly #agents = new Map<string, Agent>();

  constructor(connectTimeoutMs = 5_000) {
    this.#connectTimeoutMs = connectTimeoutMs;
  }

  /** Never throws. */
  async call(options: EngineCallOptions): Promise<EngineOutcome> {
    const limit = new AbortController();
    const abort = (): void => limit.abort();
    const timer = setTimeout(abort, options.timeoutMs);
    if (options.signal.aborted) abort();
    options.signal.addEventListener('abort', abort);
    try {
      return await this.#exchange(options, limit.signal);
    } catch (error) {
      if (options.signal.aborted) return { type: 'aborted' };
      if (limit.signal.aborted) {
        return { type: 'failed', message: `no complete answer within ${options.timeoutMs} ms` };
      }
      return { type: 'failed', message: connectionFailure(error).message };
    } finally {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', abort);
    }
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#agents.values(), (agent) => agent.destroy()));
  }

  async #exchange(options: EngineCallOptions, signal: AbortSignal): Promise<EngineOutcome> {
    const { url, path, body, headers, maxBytes } = options;
    const answer = await request(`${url}${path}`, {
      dispatcher: this.#agentFor(options.tls),
      method: 'POST',
      signal,
      headersTimeout: 0,
      bodyTimeout: 0,
      headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
      body,
    });
    const bytes = await readUpTo(answer.body, maxBytes);
    if (bytes === undefined) return { type: 'too-large', maxBytes };
    return judge(answer.statusCode, answer.headers, bytes);
  }

  #agentFor(tls: TlsSettings | undefined): Agent {
    const key = JSON.stringify(tls ?? {});
    let agent = this.#agents.get(key);
    if (agent === undefined) {
      agent = new Agent({ pipelining: 1, connect: { ...tls, timeout: this.#connectTimeoutMs } });
      this.#agents.set(key, agent);
    }
    return agent;
  }
}

function judge(
  status: number,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: Buffer,
): EngineOutcome {
  const message = `the engine answered ${status}${excerptOf(body)}`;
  if (status === 429) return { type: 'busy', retryAfterMs: retryAfterMsOf(headers) };
  if (status >= 400 && status < 500 && !PASSING_STATUSES.has(status)) return { type: 'rejected', message };
  if (status < 200 || status >= 300) return { type: 'failed', message };
  const result = parsed(body);
  if (result === undefined) return { type: 'failed', message: `${message}, which is no JSON` };
  // Some engines report a failure in an answer of status 200.
  if (isObject(result) && isObject(result.error) && result.choices === undefined)
    return { type: 'failed', message };
  return { type: 'answered', result, usage: usageOf(result) };
}

function usageOf(result: unknown): TokenUsage {
  const usage = isObject(result) && isObject(result.usage) ? result.usage : {};
  const details = isObject(usage.prompt_tokens_details) ? usage.prompt_tokens_details : {};
  const { prompt_tokens: promptTokens, completion_tokens: outputTokens } = usage;
  const { cached_tokens: cachedTokens } = details;
  return {
    ...(isCount(promptTokens) && { promptTokens }),
    ...(isCount(outputTokens) && { outputTokens }),
    ...(isCount(cachedTokens) && { cachedTokens }),
  };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/** The body's bytes, or `undefined` as soon as there are more; leaving the loop early destroys the connection. */
async function readUpTo(body: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}
