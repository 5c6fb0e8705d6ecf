/** The headers by which a trace goes from one process to the next: W3C Trace Context, `traceparent` and `tracestate`. */

import { createTraceState, type SpanContext } from '@opentelemetry/api';

/** As it is stored, and sent on. */
export interface TraceHeaders {
  readonly traceparent: string;
  readonly tracestate?: string;
}

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** https://www.w3.org/TR/trace-context/#traceparent-header: later versions may append fields. */
const TRACEPARENT = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;
const MAX_TRACESTATE_CHARACTERS = 8_192;

/** `undefined` when there is none, or none that is valid: then a trace of one's own begins. Names in lower case. */
export function traceHeadersOf({ traceparent, tracestate }: Headers): TraceHeaders | undefined {
  if (typeof traceparent !== 'string' || parse(traceparent.trim()) === undefined) return undefined;
  const state = typeof tracestate === 'string' ? tracestate : tracestate?.join(',');
  const isKept = state !== undefined && state !== '' && state.length <= MAX_TRACESTATE_CHARACTERS;
  return { traceparent: traceparent.trim(), ...(isKept && { tracestate: state }) };
}

export function spanContextOf({ traceparent, tracestate }: TraceHeaders): SpanContext | undefined {
  const ids = parse(traceparent);
  if (ids === undefined) return undefined;
  return { ...ids, isRemote: true, ...(tracestate && { traceState: createTraceState(tracestate) }) };
}

export function headersOf({ traceId, spanId, traceFlags, traceState }: SpanContext): TraceHeaders {
  const flags = traceFlags.toString(16).padStart(2, '0');
  const state = traceState?.serialize();
  return { traceparent: `00-${traceId}-${spanId}-${flags}`, ...(state && { tracestate: state }) };
}

function parse(traceparent: string): Pick<SpanContext, 'traceId' | 'spanId' | 'traceFlags'> | undefined {
  const match = TRACEPARENT.exec(traceparent);
  if (match === null) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', rest] = match;
  const isBroken = version === 'ff' || (version === '00' && rest !== undefined);
  if (isBroken || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & SAMPLED };
}

/** Of the flags only this one has a meaning to everybody. */
const SAMPLED = 1;
