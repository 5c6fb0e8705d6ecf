/** Traces by OpenTelemetry: spans, the headers by which they go on, and where they are sent. */

export { CONVENTIONAL, OPERATIONS, OWN } from './attribute-names.ts';
export { type OpenTracing, openTracing, TracingError, type TracingOptions } from './open-tracing.ts';
export { createRequestTracing, type RequestTrace, type RequestTracing } from './request-tracing.ts';
export type { OpenSpan, SpanEnd, SpanStart, Spans } from './spans.ts';
export { headersOf, spanContextOf, type TraceHeaders, traceHeadersOf } from './trace-context.ts';
