/** Spans as the rooms make them: with times of their own, and with an id of their own where two processes must agree on it. */

import {
  type Attributes,
  type HrTime,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
} as const;

export interface SpanStart {
  readonly kind: keyof typeof KINDS;
  /** Without one it begins a trace. */
  readonly parent?: SpanContext | undefined;
  /** Epoch milliseconds. */
  readonly atMs: number;
  /** 16 hexadecimal digits; by default random. */
  readonly id?: string;
  readonly attributes?: Attributes;
}

export interface SpanEnd {
  readonly atMs: number;
  readonly attributes?: Attributes;
  /** What went wrong, as a code; the span's status is then an error. */
  readonly errorType?: string | undefined;
  readonly message?: string | undefined;
}

export interface OpenSpan {
  readonly context: SpanContext;
  /** Whether anybody wants its attributes; one that is not sampled is only passed on. */
  readonly isRecording: boolean;
  end(end: SpanEnd): void;
}

export interface Spans {
  start(name: string, start: SpanStart): OpenSpan;
}

/** Ids of spans: the one that was asked for, once, and random ones otherwise. */
export class SpanIds {
  next: string | undefined;
  readonly #random: { generateSpanId(): string; generateTraceId(): string };

  constructor(random: { generateSpanId(): string; generateTraceId(): string }) {
    this.#random = random;
  }

  generateTraceId(): string {
    return this.#random.generateTraceId();
  }

  generateSpanId(): string {
    const id = this.next ?? this.#random.generateSpanId();
    this.next = undefined;
    return id;
  }
}

/** @param ids where `tracer` takes its ids from, at once when a span starts */
export function createSpans(tracer: Tracer, ids: SpanIds): Spans {
  return {
    start(name, { kind, parent, atMs, id, attributes }) {
      ids.next = id;
      const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
      const how = { kind: KINDS[kind], startTime: hrTimeOf(atMs), ...(attributes && { attributes }) };
      const span = tracer.startSpan(name, how, context);
      return {
        context: span.spanContext(),
        isRecording: span.isRecording(),
        end: (end) => endSpan(span, end),
      };
    },
  };
}

function endSpan(span: Span, { atMs, attributes, errorType, message }: SpanEnd): void {
  if (attributes !== undefined) span.setAttributes(attributes);
  if (errorType !== undefined) {
    span.setAttribute('error.type', errorType);
    span.setStatus({ code: SpanStatusCode.ERROR, message: message ?? errorType });
  }
  span.end(hrTimeOf(atMs));
}

/** A bare number before this process began would be taken for one since it began. */
function hrTimeOf(epochMs: number): HrTime {
  const seconds = Math.floor(epochMs / 1000);
  return [seconds, Math.round((epochMs - seconds * 1000) * 1e6)];
}
