/** HTTP to addresses that others named: only to allowed ones, looked at after name resolution and again at each connection; no redirects. */

import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, request } from 'undici';
import type { AddressCheck } from './address-check.ts';

export interface GuardedCall {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  /** Sent as it is. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For the whole exchange. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
}

export type GuardedOutcome =
  | {
      readonly type: 'answer';
      readonly status: number;
      readonly headers: Readonly<Record<string, string | string[] | undefined>>;
      readonly body: Buffer;
    }
  | {
      readonly type: 'failure';
      /**
       * `refused`: the address may not be called. `unconnected`: nothing was sent. `broken`, `timeout`, `too-large`, `aborted`: it may
       * have arrived.
       */
      readonly reason: 'refused' | 'unconnected' | 'broken' | 'timeout' | 'too-large' | 'aborted';
      readonly message: string;
    };

export interface GuardedClient {
  /** Why this URL is never called, as far as it can be known without name resolution. */
  refusal(url: string): string | undefined;
  /** Never throws. */
  call(call: GuardedCall): Promise<GuardedOutcome>;
  /** The allowed addresses of a host, or why there are none. */
  resolve(host: string): Promise<{ readonly addresses: readonly string[] } | { readonly refusal: string }>;
  close(): Promise<void>;
}

export interface GuardedClientOptions {
  /** Asked at each call, since the configuration may change. */
  readonly check: () => AddressCheck;
  /** Name resolution; the system's by default. */
  readonly lookup?: typeof systemLookup;
  readonly connectTimeoutMs?: number;
}

const DEFAULT_CONNECT_TIMEOUT_MS = 5_000;

export function createGuardedClient(options: GuardedClientOptions): GuardedClient {
  const { check, lookup = systemLookup, connectTimeoutMs = DEFAULT_CONNECT_TIMEOUT_MS } = options;
  const agent = new Agent({
    // A connection for each call: one that the other side is just closing would leave open whether a call arrived.
    pipelining: 0,
    connect: { lookup: guardedLookup(check, lookup), timeout: connectTimeoutMs },
  });
  return {
    refusal: (url) => refusalOf(url, check()),
    async call(call) {
      const refusal = refusalOf(call.url, check());
      if (refusal !== undefined) return { type: 'failure', reason: 'refused', message: refusal };
      return exchange(agent, call);
    },
    resolve(host) {
      const bare = host.replace(/^\[(.*)\]$/, '$1');
      return new Promise((done) => {
        guardedLookup(check, lookup)(bare, { all: true }, (error, addresses) => {
          if (error !== null) done({ refusal: error.message });
          else done({ addresses: (addresses as { address: string }[]).map(({ address }) => address) });
        });
      });
    },
    close: () => agent.destroy(),
  };
}

/** A literal address meets no name resolution, so it is looked at here; a name's addresses are, when it connects. */
function refusalOf(text: string, check: AddressCheck): string | undefined {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    return `"${text}" is not an http:// or https:// address`;
  }
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return check.portRefusal(port) ?? (isIP(host) === 0 ? undefined : check.refusal(host));
}

class AddressRefused extends Error {}

function guardedLookup(check: () => AddressCheck, lookup: typeof systemLookup): LookupFunction {
  return function lookUpAllowed(hostname, options, callback) {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, '', 0);
        return;
      }
      const allowed = addresses.filter(({ address }) => check().refusal(address) === undefined);
      const [first] = allowed;
      if (first === undefined) {
        const found = addresses[0]?.address;
        const why = found === undefined ? 'it has no address' : check().refusal(found);
        callback(new AddressRefused(`${hostname} may not be called: ${why}`), '', 0);
      } else if (options.all === true) {
        callback(null, allowed);
      } else {
        callback(null, first.address, first.family);
      }
    });
  };
}

async function exchange(agent: Agent, call: GuardedCall): Promise<GuardedOutcome> {
  const limit = new AbortController();
  const abort = (): void => limit.abort();
  const timer = setTimeout(abort, call.timeoutMs);
  if (call.signal?.aborted) abort();
  call.signal?.addEventListener('abort', abort);
  try {
    const { statusCode, headers, body } = await request(call.url, {
      dispatcher: agent,
      method: call.method,
      signal: limit.signal,
      headersTimeout: 0,
      bodyTimeout: 0,
      headers: { ...(call.body !== undefined && { 'content-type': 'application/json' }), ...call.headers },
      ...(call.body !== undefined && { body: call.body }),
    });
    const bytes = await readUpTo(body, call.maxBytes);
    if (bytes !== undefined) return { type: 'answer', status: statusCode, headers, body: bytes };
    const message = `the answer is larger than ${call.maxBytes} bytes`;
    return { type: 'failure', reason: 'too-large', message };
  } catch (error) {
    if (call.signal?.aborted) return { type: 'failure', reason: 'aborted', message: 'given up' };
    if (limit.signal.aborted) {
      return {
        type: 'failure',
        reason: 'timeout',
        message: `no complete answer within ${call.timeoutMs} ms`,
      };
    }
    return { type: 'failure', ...connectionFailure(error) };
  } finally {
    clearTimeout(timer);
    call.signal?.removeEventListener('abort', abort);
  }
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

/** Errors of a connection that was never made: nothing of the call can have arrived. */
const NEVER_CONNECTED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
]);

export function connectionFailure(error: unknown): {
  readonly reason: 'refused' | 'unconnected' | 'broken';
  readonly message: string;
} {
  if (error instanceof AddressRefused) return { reason: 'refused', message: error.message };
  // Several addresses of one name were tried.
  if (error instanceof AggregateError && error.errors.length > 0) {
    const inner = error.errors.map(connectionFailure);
    const reason = inner.every((one) => one.reason !== 'broken') ? 'unconnected' : 'broken';
    return { reason, message: inner.map(({ message }) => message).join('; ') };
  }
  const { code, message } = error as NodeJS.ErrnoException;
  return {
    reason: code !== undefined && NEVER_CONNECTED.has(code) ? 'unconnected' : 'broken',
    message: message || code || String(error),
  };
}
