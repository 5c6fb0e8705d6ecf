/** One call to the control listener: its time limit, what may be tried again, and what went wrong in words. */

import { setTimeout as sleep } from 'node:timers/promises';

export interface TransportOptions {
  /** The control listener; `http://127.0.0.1:8081` where it is left out. */
  readonly baseUrl?: string;
  readonly token?: string;
  /** How long one try of a call may take, besides what it asks the server to wait. Default 30,000. */
  readonly timeoutMs?: number;
  /** How often a call is tried again that did not get through, or that the server had no room for. Default 4. */
  readonly maxRetries?: number;
}

/** A call that failed. `status` is 0 when the server was not reached, or was lost before it had answered. */
export class TaskClientError extends Error {
  override readonly name = 'TaskClientError';
  readonly status: number;
  /** What the server answered, parsed; FastAPI's list of mistakes for a 422. */
  readonly detail: unknown;
  /** When the server asks to be called again, milliseconds from its answer. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, status: number, detail?: unknown, more: ErrorDetails = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.status = status;
    this.detail = detail;
    this.retryAfterMs = more.retryAfterMs;
  }

  /** Whether the same call may succeed a little later. */
  get mayPass(): boolean {
    return this.status === 0 || PASSING.has(this.status);
  }
}

interface ErrorDetails {
  readonly cause?: unknown;
  readonly retryAfterMs?: number | undefined;
}

export interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** How long the server was asked to wait before it answers. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal | undefined;
}

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;
/** The server is there, but not able to take this now. */
const PASSING = new Set([429, 502, 503, 504]);

export class Transport {
  readonly #baseUrl: string;
  readonly #token: string | undefined;
  readonly #timeoutMs: number;
  readonly #maxRetries: number;

  constructor(options: TransportOptions) {
    this.#baseUrl = (options.baseUrl ?? 'http://127.0.0.1:8081').replace(/\/+$/, '');
    this.#token = options.token;
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#maxRetries = options.maxRetries ?? 4;
  }

  /**
   * The answer's JSON, of a call that may be repeated without harm.
   * @throws TaskClientError
   */
  async call<Body>(call: Call): Promise<Body> {
    for (let attempt = 0; ; attempt++) {
      try {
        return (await this.#once(call)) as Body;
      } catch (error) {
        const mayPass = error instanceof TaskClientError && error.mayPass;
        if (!mayPass || attempt >= this.#maxRetries || call.signal?.aborted) throw error;
        await sleep(delayMs(attempt, error), undefined, { signal: call.signal });
      }
    }
  }

  /** The response itself, for a stream. */
  async open({ method, path, query = {}, body, headers, signal }: Call): Promise<Response> {
    const parameters = Object.entries(query).flatMap<[string, string]>(([name, value]) =>
      value === undefined ? [] : [[name, String(value)]],
    );
    const search = parameters.length === 0 ? '' : `?${new URLSearchParams(parameters)}`;
    try {
      return await fetch(this.#baseUrl + path + search, {
        method,
        headers: {
          ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal !== undefined && { signal }),
      });
    } catch (error) {
      if (signal?.aborted && (signal.reason as Error | undefined)?.name !== 'TimeoutError') throw error;
      throw new TaskClientError(`${this.#baseUrl} was not reached: ${reasonOf(error)}`, 0, undefined, {
        cause: error,
      });
    }
  }

  async #once(call: Call): Promise<unknown> {
    const limit = AbortSignal.timeout(this.#timeoutMs + (call.waitMs ?? 0));
    const signal = call.signal === undefined ? limit : AbortSignal.any([call.signal, limit]);
    const response = await this.open({ ...call, signal });
    return readAnswer(response, call);
  }
}

/** @throws TaskClientError where the answer is a refusal, or breaks off */
export async function readAnswer(response: Response, call: Call): Promise<unknown> {
  const { method, path } = call;
  const { status } = response;
  const text = await response.text().catch((error: unknown) => {
    throw lost(call, error);
  });
  const body = parse(text);
  if (response.ok && body !== undefined) return body;
  const retryAfterMs = secondsIn(response.headers.get('retry-after'));
  const detail = detailOf(body) ?? (text.slice(0, 500) || response.statusText);
  const said = typeof detail === 'string' ? detail : mistakesIn(detail);
  const problem = response.ok ? `found an answer that is not JSON: ${said}` : said;
  throw new TaskClientError(`${method} ${path}: ${status}, ${problem}`, status, detail, { retryAfterMs });
}

/** The connection broke while the server answered. */
export function lost({ method, path, signal }: Call, error: unknown): unknown {
  if (signal?.aborted) return error;
  return new TaskClientError(`${method} ${path}: the connection was lost: ${reasonOf(error)}`, 0, undefined, {
    cause: error,
  });
}

/** Doubling, with chance, so that many clients do not come back at once; no sooner than the server asks for. */
function delayMs(attempt: number, { retryAfterMs = 0 }: TaskClientError): number {
  const ownMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt) * (0.5 + Math.random() / 2);
  return Math.max(ownMs, Math.min(LONGEST_DELAY_MS, retryAfterMs));
}

function secondsIn(header: string | null): number | undefined {
  const seconds = header === null ? Number.NaN : Number(header);
  return seconds >= 0 ? seconds * 1000 : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function detailOf(body: unknown): unknown {
  const { detail, error, message } = (body ?? {}) as {
    readonly detail?: unknown;
    readonly error?: { readonly message?: unknown };
    readonly message?: unknown;
  };
  return detail ?? error?.message ?? message;
}

function mistakesIn(detail: unknown): string {
  if (!Array.isArray(detail)) return JSON.stringify(detail);
  return detail
    .map(
      (each: { readonly loc?: readonly unknown[]; readonly msg?: string }) =>
        `${(each.loc ?? []).slice(1).join('.')}: ${each.msg ?? 'is wrong'}`,
    )
    .join('; ');
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause as { readonly code?: unknown; readonly message?: unknown } | undefined;
  return String(cause?.code ?? cause?.message ?? error.message);
}
