/** Which headers travel between caller and engine: all but those that belong to one connection, or to us. */

import type { HeaderMap } from '../transport/port.ts';

/** RFC 9110, section 7.6.1, with the older names that are still met. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Set anew for each engine. Without `accept-encoding` an engine answers in the clear, which we look at. */
const OWN_TO_ENGINE: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'content-type',
  'expect',
  'accept-encoding',
]);

/** Where callers put the keys that they show us. */
const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'x-api-key', 'api-key']);

export interface EngineHeaderFacts {
  readonly requestId: string;
  readonly contentType: string;
  /** The instance's own, such as its `authorization`; they replace the caller's. Names in lower case. */
  readonly instanceHeaders: Readonly<Record<string, string>>;
  /** Whether the caller's key is for the engine and not for us. */
  readonly forwardsCredentials: boolean;
}

export function toEngineHeaders(fromCaller: HeaderMap, facts: EngineHeaderFacts): string[] {
  const pairs = ['content-type', facts.contentType];
  const named = namedByConnection(fromCaller);
  for (const name in fromCaller) {
    if (HOP_BY_HOP.has(name) || OWN_TO_ENGINE.has(name) || named?.has(name)) continue;
    if (Object.hasOwn(facts.instanceHeaders, name)) continue;
    if (CREDENTIALS.has(name) && !facts.forwardsCredentials) continue;
    addPair(pairs, name, fromCaller[name]);
  }
  for (const name in facts.instanceHeaders) pairs.push(name, facts.instanceHeaders[name]!);
  if (fromCaller[REQUEST_ID] === undefined) pairs.push(REQUEST_ID, facts.requestId);
  return pairs;
}

/** Ours; what an engine says under these names (being a gateway itself) would be taken for ours. */
const OWN_PREFIX = 'x-signalbox-';
/** Also ours: OpenAI's clients show it with every error. */
const REQUEST_ID = 'x-request-id';

/** The engine's headers as they came, and then ours. */
export function toCallerHeaders(fromEngine: HeaderMap, ours: readonly string[]): string[] {
  const pairs: string[] = [];
  const named = namedByConnection(fromEngine);
  for (const name in fromEngine) {
    if (HOP_BY_HOP.has(name) || named?.has(name) || name.startsWith(OWN_PREFIX) || name === REQUEST_ID)
      continue;
    addPair(pairs, name, fromEngine[name]);
  }
  pairs.push(...ours);
  return pairs;
}

function addPair(pairs: string[], name: string, value: string | string[] | undefined): void {
  if (typeof value === 'string') pairs.push(name, value);
  else if (value !== undefined) for (const one of value) pairs.push(name, one);
}

/** What else `connection` declares to belong to this connection only. */
function namedByConnection(headers: HeaderMap): ReadonlySet<string> | undefined {
  const value = headers.connection;
  if (value === undefined || value === 'keep-alive' || value === 'close') return undefined;
  const text = typeof value === 'string' ? value : value.join(',');
  return new Set(text.split(',').map((name) => name.trim().toLowerCase()));
}

/** The id of a request, under our name and under the one that OpenAI's clients read. */
export function requestIdPairs(requestId: string): string[] {
  return ['x-signalbox-request-id', requestId, REQUEST_ID, requestId];
}

export function isEventStream(headers: HeaderMap): boolean {
  const type = headers['content-type'];
  return (
    typeof type === 'string' &&
    type.trimStart().toLowerCase().startsWith('text/event-stream') &&
    headers['content-encoding'] === undefined
  );
}

/** The wait that `retry-after` asks for, in seconds or until a date. */
export function readRetryAfterMs(headers: HeaderMap, nowMs: number): number | undefined {
  const value = headers['retry-after'];
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}
