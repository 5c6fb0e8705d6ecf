/** Fetches small pages from an engine, and makes an ordinary outcome of everything that can go wrong on the way. */

import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { Agent, request } from 'undici';

/** How the connection is secured; the defaults are Node's. */
export interface TlsSettings {
  /** PEM text of the authorities to trust instead of the system's. */
  readonly ca?: string;
  /** PEM text of the client's certificate and key. */
  readonly cert?: string;
  readonly key?: string;
  /** The name to ask for and to verify instead of the URL's host. */
  readonly servername?: string;
  /** `false` takes any certificate: only for a network that is trusted otherwise. The default is `true`. */
  readonly rejectUnauthorized?: boolean;
}

export type PageFailureReason =
  | 'unreachable'
  | 'timeout'
  | 'status'
  | 'redirect'
  | 'too-large'
  | 'encoding'
  | 'aborted';

export interface PageFailure {
  readonly ok: false;
  readonly url: string;
  readonly reason: PageFailureReason;
  /** What happened, in words fit for an operator. */
  readonly message: string;
  /** The answer's status, where there was one. */
  readonly status?: number;
  /** The beginning of an error's body. */
  readonly body?: string;
}

export interface Page {
  readonly ok: true;
  readonly url: string;
  readonly status: number;
  readonly body: Buffer;
}

export type PageOutcome = Page | PageFailure;

export interface PageRequest {
  readonly url: string;
  /** For the whole exchange, from asking to the body's last byte. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Aborts the request when whoever asked no longer cares. */
  readonly signal?: AbortSignal;
}

export interface PageClient {
  /** Never throws. */
  get(page: PageRequest): Promise<PageOutcome>;
  /** Drops all connections at once. */
  close(): Promise<void>;
}

export interface PageClientOptions {
  readonly tls?: TlsSettings;
  /** The most sockets per origin; the default is 4. */
  readonly maxSockets?: number;
}

export function createPageClient(options: PageClientOptions = {}): PageClient {
  const agent = new Agent({
    connections: options.maxSockets ?? 4,
    pipelining: 1,
    keepAliveTimeout: 30_000,
    connect: { ...options.tls },
  });
  return {
    get: (page) => getPage(agent, page),
    close: () => agent.destroy(),
  };
}

const MAX_ERROR_BODY_CHARACTERS = 512;

async function getPage(agent: Agent, page: PageRequest): Promise<PageOutcome> {
  const limit = limitTo(page.timeoutMs, page.signal);
  try {
    return await exchange(agent, page, limit.signal);
  } catch (error) {
    if (page.signal?.aborted) return failure(page, 'aborted', 'given up');
    if (limit.signal.aborted) {
      return failure(page, 'timeout', `no complete answer within ${page.timeoutMs} ms`);
    }
    return failure(page, 'unreachable', describeError(error));
  } finally {
    limit.release();
  }
}

/**
 * A signal for one exchange. It leaves neither timer nor listener behind, which `AbortSignal.timeout` and `.any` do
 * until they are collected: a fleet makes thousands of requests a second that all share a few long-lived signals.
 */
function limitTo(timeoutMs: number, outer: AbortSignal | undefined) {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = setTimeout(abort, timeoutMs);
  if (outer?.aborted) abort();
  outer?.addEventListener('abort', abort);
  return {
    signal: controller.signal,
    release() {
      clearTimeout(timer);
      outer?.removeEventListener('abort', abort);
    },
  };
}

async function exchange(agent: Agent, page: PageRequest, signal: AbortSignal): Promise<PageOutcome> {
  const answer = await request(page.url, {
    dispatcher: agent,
    signal,
    headersTimeout: 0,
    bodyTimeout: 0,
    headers: { 'accept-encoding': 'gzip', ...page.headers },
  });
  const status = answer.statusCode;
  const bytes = await readUpTo(answer.body, page.maxBytes);
  if (status >= 300 && status < 400) {
    const to = String(answer.headers.location ?? 'nowhere');
    const words = `redirected (${status}) to ${to}; redirects are not followed`;
    return failure(page, 'redirect', words, { status });
  }
  if (bytes === undefined) {
    return failure(page, 'too-large', `the page is larger than ${page.maxBytes} bytes`, { status });
  }
  const body = await decode(bytes, answer.headers['content-encoding'], page.maxBytes);
  if (typeof body === 'string') return failure(page, 'encoding', body, { status });
  if (status >= 200 && status < 300) return { ok: true, url: page.url, status, body };
  const excerpt = body.toString('utf8').slice(0, MAX_ERROR_BODY_CHARACTERS);
  return failure(page, 'status', `answered ${status}`, { status, body: excerpt });
}

function failure(
  page: PageRequest,
  reason: PageFailureReason,
  message: string,
  rest: Pick<PageFailure, 'status' | 'body'> = {},
): PageFailure {
  return { ok: false, url: page.url, reason, message: `GET ${page.url}: ${message}`, ...rest };
}

/** The body's bytes, or `undefined` as soon as there are more than `maxBytes`; the rest is never read. */
async function readUpTo(body: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  // Leaving the loop early destroys the body, and with it the connection.
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

const DECODERS: Readonly<
  Record<string, (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>
> = { gzip: promisify(gunzip), deflate: promisify(inflate) };

/** The decoded body, or in words why it cannot be decoded. */
async function decode(
  bytes: Buffer,
  encoding: string | string[] | undefined,
  maxOutputLength: number,
): Promise<Buffer | string> {
  const name = String(encoding ?? 'identity').toLowerCase();
  if (name === 'identity') return bytes;
  const decoder = DECODERS[name];
  if (!decoder) return `content encoding "${name}" is not understood; identity, gzip and deflate are`;
  try {
    return await decoder(bytes, { maxOutputLength });
  } catch (error) {
    return `the ${name} body cannot be decoded: ${describeError(error)}`;
  }
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Happy Eyeballs failures come as an AggregateError whose own message is empty.
  if (error instanceof AggregateError && error.message === '')
    return error.errors.map(describeError).join('; ');
  return error.message || error.name;
}
