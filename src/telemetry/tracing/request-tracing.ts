/** One span for each request at the gateway, with a child for each try at an engine. */

import type { Attributes, SpanContext } from '@opentelemetry/api';
import type { Clock, ExecutionInstance, RequestMetadata } from '../../domain/index.ts';
import type { RequestRecord } from '../request-record.ts';
import { CONVENTIONAL, OPERATIONS, OWN } from './attribute-names.ts';
import type { OpenSpan, Spans } from './spans.ts';
import { headersOf, spanContextOf, type TraceHeaders, traceHeadersOf } from './trace-context.ts';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

export interface RequestTracing {
  /** @param headers the caller's, with names in lower case */
  begin(request: RequestMetadata, headers: Headers): RequestTrace;
  /** A call that never became a request. */
  refused(record: RequestRecord, headers: Headers): void;
}

/** Nothing of it throws. */
export interface RequestTrace {
  /** What the engine is to be sent, instead of what the caller sent. */
  beginAttempt(instance: ExecutionInstance): TraceHeaders;
  /** The try led to no answer, and the request goes on. An attempt that is open at the end ends with the request. */
  endAttempt(outcome: string, errorType?: string): void;
  end(record: RequestRecord): void;
}

export function createRequestTracing(spans: Spans, clock: Clock): RequestTracing {
  return {
    begin: (request, headers) => new TracedRequest(spans, clock, request, headers),
    refused(record, headers) {
      const span = spans.start('refused', {
        kind: 'server',
        parent: parentIn(headers),
        atMs: record.arrivalMs,
        attributes: { [OWN.requestId]: record.requestId, [CONVENTIONAL.path]: record.path },
      });
      endWith(span, record);
    },
  };
}

class TracedRequest implements RequestTrace {
  readonly #spans: Spans;
  readonly #clock: Clock;
  readonly #request: RequestMetadata;
  readonly #span: OpenSpan;
  #attempt: OpenSpan | undefined;
  #attempts = 0;

  constructor(spans: Spans, clock: Clock, request: RequestMetadata, headers: Headers) {
    this.#spans = spans;
    this.#clock = clock;
    this.#request = request;
    this.#span = spans.start(nameOf(request), {
      kind: 'server',
      parent: parentIn(headers),
      atMs: request.arrivalMs,
      attributes: { [CONVENTIONAL.operation]: OPERATIONS[request.kind], [CONVENTIONAL.model]: request.model },
    });
  }

  beginAttempt(instance: ExecutionInstance): TraceHeaders {
    this.#attempts += 1;
    this.#attempt = this.#spans.start(nameOf(this.#request), {
      kind: 'client',
      parent: this.#span.context,
      atMs: this.#clock.now(),
      ...(this.#span.isRecording && {
        attributes: attemptAttributes(this.#request, instance, this.#attempts),
      }),
    });
    return headersOf(this.#attempt.context);
  }

  endAttempt(outcome: string, errorType?: string): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    attempt?.end({ atMs: this.#clock.now(), attributes: { [OWN.outcome]: outcome }, errorType });
  }

  end(record: RequestRecord): void {
    const isHealthy = record.outcome === 'completed' || record.outcome === 'cancelled';
    this.endAttempt(record.outcome, isHealthy ? undefined : record.errorCode);
    const { maxTokens, priority, tenant, stream } = this.#request;
    if (!this.#span.isRecording) return;
    endWith(this.#span, record, {
      [OWN.requestId]: record.requestId,
      [OWN.priority]: priority,
      [CONVENTIONAL.stream]: stream,
      ...(tenant !== undefined && { [OWN.tenant]: tenant }),
      ...(maxTokens !== undefined && { [CONVENTIONAL.maxTokens]: maxTokens }),
    });
  }
}

function nameOf({ kind, model }: RequestMetadata): string {
  return `${OPERATIONS[kind]} ${model}`;
}

export function parentIn(headers: Headers): SpanContext | undefined {
  const given = traceHeadersOf(headers);
  return given && spanContextOf(given);
}

function attemptAttributes(
  request: RequestMetadata,
  instance: ExecutionInstance,
  attempt: number,
): Attributes {
  const url = URL.parse(instance.url);
  return {
    [CONVENTIONAL.operation]: OPERATIONS[request.kind],
    [CONVENTIONAL.model]: request.model,
    [CONVENTIONAL.provider]: instance.engine,
    [OWN.instance]: instance.id,
    [OWN.attempt]: attempt,
    ...(url !== null && {
      [CONVENTIONAL.address]: url.hostname,
      [CONVENTIONAL.port]: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
    }),
  };
}

/** What a caller did, such as going away, is no failure of ours. */
function endWith(span: OpenSpan, record: RequestRecord, more: Attributes = {}): void {
  const { outcome, errorCode, instanceId, decisionId, ttftMs } = record;
  span.end({
    atMs: record.arrivalMs + record.e2eMs,
    attributes: {
      ...more,
      [CONVENTIONAL.status]: record.status,
      [OWN.outcome]: outcome,
      [OWN.attempts]: record.attempts,
      [OWN.queueMs]: record.queueMs,
      ...(instanceId !== undefined && { [OWN.instance]: instanceId }),
      ...(decisionId !== undefined && { [OWN.decision]: decisionId }),
      ...(ttftMs !== undefined && { [CONVENTIONAL.timeToFirstChunk]: ttftMs / 1000 }),
      ...(record.promptTokens !== undefined && { [CONVENTIONAL.inputTokens]: record.promptTokens }),
      ...(record.outputTokens !== undefined && { [CONVENTIONAL.outputTokens]: record.outputTokens }),
      ...(record.cachedTokens !== undefined && { [CONVENTIONAL.cachedTokens]: record.cachedTokens }),
    },
    errorType: outcome === 'completed' || outcome === 'cancelled' ? undefined : errorCode,
  });
}
