/** One accepted call from the queue to its end: waits, tries instances, relays an answer, and accounts for it. */

import {
  type Clock,
  type ErrorCode,
  type ExecutionInstance,
  type SchedulingDecision,
  SignalboxError,
} from '../../domain/index.ts';
import type { Rejection, SchedulerDoor, Ticket, TicketHandlers } from '../../scheduler/index.ts';
import type { RequestObserver, RequestOutcome } from '../../telemetry/request-record.ts';
import type { RequestTrace, RequestTracing } from '../../telemetry/tracing/request-tracing.ts';
import type { AcceptedCall } from '../intake/index.ts';
import type { EngineClient, EngineTls, Exchange, ExchangeListener } from '../transport/port.ts';
import { Attempt, type AttemptListener, type EngineAnswer } from './attempt.ts';
import type { AttemptFailure } from './attempt-failure.ts';
import { CallerAnswer } from './caller-answer.ts';
import { requestIdPairs, toEngineHeaders } from './headers.ts';
import { reasonPairs } from './reason-header.ts';
import { rejectionError } from './rejection-error.ts';
import type { RelaySettings } from './settings.ts';
import { countedUsage, toRequestRecord } from './to-request-record.ts';

/** What all calls of a gateway share. */
export interface RelayContext {
  readonly clock: Clock;
  readonly door: SchedulerDoor;
  readonly client: EngineClient;
  readonly observer: RequestObserver;
  readonly tracing?: RequestTracing | undefined;
  readonly settings: RelaySettings;
  readonly forwardsCredentials: boolean;
  readonly upstreamHeaders: (instance: ExecutionInstance) => Readonly<Record<string, string>>;
  readonly upstreamTls: (instance: ExecutionInstance) => EngineTls | undefined;
  /** Told once of each relay that is over. */
  readonly onEnd: (relay: Relay) => void;
}

/** How a call ended, when it did not end well. */
interface Ending {
  readonly outcome: RequestOutcome;
  readonly status: number;
  readonly errorCode?: ErrorCode;
}

export class Relay implements ExchangeListener, TicketHandlers, AttemptListener {
  placeInDrain = -1;
  readonly #context: RelayContext;
  readonly #exchange: Exchange;
  readonly #accepted: Omit<AcceptedCall, 'body'>;
  readonly #answer: CallerAnswer;
  readonly #trace: RequestTrace | undefined;
  #ticket: Ticket | undefined;
  #attempt: Attempt | undefined;
  #decision: SchedulingDecision | undefined;
  /** What the last failed try said, for when there is no other. */
  #lastFailure: AttemptFailure | undefined;
  #isRetrying = false;
  /** Kept for as long as it may have to be sent again. */
  #body: Uint8Array | undefined;
  #attempts = 0;
  #queueMs = 0;
  /** `undefined` while it is with an instance. */
  #waitingSinceMs: number | undefined;
  #firstByteMs: number | undefined;
  #commentTimer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(exchange: Exchange, accepted: AcceptedCall, context: RelayContext) {
    this.#context = context;
    this.#exchange = exchange;
    const { body, ...rest } = accepted;
    this.#accepted = rest;
    this.#body = body;
    this.#answer = new CallerAnswer(exchange);
    this.#trace = context.tracing?.begin(accepted.request, exchange.head.headers);
    this.#waitingSinceMs = accepted.request.arrivalMs;
  }

  start(): void {
    const { settings, door } = this.#context;
    const { request } = this.#accepted;
    this.#exchange.listener = this;
    if (request.stream && settings.commentIntervalMs > 0) {
      this.#commentTimer = setInterval(() => this.#comment(), settings.commentIntervalMs);
    }
    this.#ticket = door.submit(request, this);
  }

  /** The caller's connection is to close once this is over. */
  closeAfterwards(): void {
    this.#exchange.closeAfterwards();
  }

  /** Ends it from our side, with this error for the caller. */
  abort(error: SignalboxError): void {
    if (this.#isOver) return;
    this.#attempt?.abort();
    this.#ticket?.cancel();
    this.#fail({ error }, 'failed');
  }

  onDispatch(decision: SchedulingDecision, instance: ExecutionInstance): void {
    if (this.#isOver) return;
    const { client, settings, observer } = this.#context;
    const { request } = this.#accepted;
    if (this.#isRetrying) {
      observer.onRetry(request.model, this.#decision!.instanceId, this.#lastFailure!.error.code);
      this.#isRetrying = false;
    }
    this.#endWaiting();
    this.#attempts += 1;
    this.#decision = decision;
    const { kind, stream } = request;
    const tls = this.#context.upstreamTls(instance);
    this.#attempt = new Attempt({ client, instance, kind, stream, settings, tls }, this);
    this.#attempt.start(this.#engineRequest(instance));
  }

  onReject(rejection: Rejection): void {
    if (this.#isOver) return;
    const last = rejection.reason === 'retries-exhausted' ? this.#lastFailure : undefined;
    this.#fail(last ?? { error: rejectionError(rejection) }, this.#attempts === 0 ? 'shed' : 'failed');
  }

  onAnswer(answer: EngineAnswer): void {
    this.#firstByteMs = this.#context.clock.now();
    this.#stopComments();
    if (!this.#answer.beginFlowing(answer, this.#ourHeaders())) {
      this.#attempt?.abort();
      this.#ticket?.fail({ mayRetry: false, isInstanceFault: true });
      this.#fail({ error: notAStream(this.#decision!.instanceId) }, 'failed');
      return;
    }
    this.#body = undefined;
    this.#ticket?.firstToken();
  }

  onAnswerBytes(bytes: Uint8Array): void {
    if (!this.#answer.write(bytes)) this.#attempt?.pause();
  }

  onAnswerEnd(): void {
    if (this.#wasCutShort()) {
      const message = `Instance ${this.#decision!.instanceId} ended its stream in the middle of the answer.`;
      const error = new SignalboxError('upstream_disconnected', message);
      this.onAttemptFailed({ error, mayRetry: false, isInstanceFault: true });
      return;
    }
    this.#answer.end();
    const { status, sawError } = this.#answer;
    if (status < 400 && !sawError) {
      const { request } = this.#accepted;
      const { dataFrames } = this.#answer;
      this.#ticket?.complete(countedUsage({ request, dataFrames, usage: this.#answer.usage() }));
      this.#finish({ outcome: 'completed', status });
    } else {
      this.#ticket?.fail({ mayRetry: false, isInstanceFault: sawError });
      this.#finish({ outcome: 'failed', status, errorCode: 'upstream_error' });
    }
  }

  onAttemptFailed(failure: AttemptFailure): void {
    const { isInstanceFault } = failure;
    this.#attempt = undefined;
    this.#trace?.endAttempt('failed', failure.error.code);
    if (failure.mayRetry && this.#answer.isUndecided) {
      this.#lastFailure = failure;
      this.#isRetrying = true;
      this.#waitingSinceMs = this.#context.clock.now();
      this.#ticket?.fail({ mayRetry: true, isInstanceFault });
      return;
    }
    this.#ticket?.fail({ mayRetry: false, isInstanceFault });
    this.#fail(failure, 'failed');
  }

  onPushedBack(retryAfterMs: number): void {
    this.#attempt = undefined;
    this.#trace?.endAttempt('pushed_back');
    this.#waitingSinceMs = this.#context.clock.now();
    this.#ticket?.pushBack(retryAfterMs);
  }

  onDrain(): void {
    this.#attempt?.resume();
  }

  onGone(): void {
    if (this.#isOver) return;
    this.#attempt?.abort();
    this.#ticket?.cancel();
    this.#finish({ outcome: 'cancelled', status: 499, errorCode: 'client_closed_request' });
  }

  #endWaiting(): void {
    if (this.#waitingSinceMs === undefined) return;
    this.#queueMs += this.#context.clock.now() - this.#waitingSinceMs;
    this.#waitingSinceMs = undefined;
  }

  #comment(): void {
    const position = this.#ticket?.position();
    const text = position === undefined ? 'processing' : `queued position=${position}`;
    this.#answer.comment(text, this.#ourHeaders());
  }

  #stopComments(): void {
    clearInterval(this.#commentTimer);
    this.#commentTimer = undefined;
  }

  /** Streams of chat and completions close with `[DONE]`, or at least with a reason why they finished. */
  #wasCutShort(): boolean {
    const { kind } = this.#accepted.request;
    if (kind !== 'chat' && kind !== 'completion') return false;
    return this.#answer.isCutShort;
  }

  #fail(failure: Pick<AttemptFailure, 'error' | 'answer'>, outcome: RequestOutcome): void {
    this.#endWaiting();
    this.#answer.fail(failure, this.#ourHeaders());
    const status = this.#answer.status;
    this.#finish({ outcome, status, errorCode: failure.error.code });
  }

  #finish(ending: Ending): void {
    this.#isOver = true;
    this.#body = undefined;
    this.#endWaiting();
    this.#stopComments();
    this.#attempt = undefined;
    this.#context.onEnd(this);
    const record = toRequestRecord({
      ...ending,
      request: this.#accepted.request,
      path: this.#accepted.path,
      decision: this.#decision,
      attempts: this.#attempts,
      queueMs: this.#queueMs,
      firstByteMs: this.#firstByteMs,
      endMs: this.#context.clock.now(),
      usage: this.#answer.usage(),
      dataFrames: this.#answer.dataFrames,
    });
    this.#context.observer.onRequestEnd(record);
    this.#trace?.end(record);
  }

  #engineRequest(instance: ExecutionInstance) {
    const { request, path, contentType } = this.#accepted;
    const { method, headers, query } = this.#exchange.head;
    const ownHeaders = this.#context.upstreamHeaders(instance);
    const traced = this.#trace?.beginAttempt(instance);
    return {
      method,
      path: path + query,
      body: this.#body!,
      headers: toEngineHeaders(headers, {
        requestId: request.id,
        contentType,
        instanceHeaders: traced === undefined ? ownHeaders : { ...ownHeaders, ...traced },
        forwardsCredentials: this.#context.forwardsCredentials,
      }),
    };
  }

  #ourHeaders(): string[] {
    const pairs = [
      ...requestIdPairs(this.#accepted.request.id),
      'x-signalbox-queue-ms',
      String(Math.round(this.#queueMs)),
      'x-signalbox-attempts',
      String(this.#attempts),
    ];
    if (this.#decision !== undefined) pairs.push('x-signalbox-instance', this.#decision.instanceId);
    const { reasonHeader } = this.#context.settings;
    pairs.push(...reasonPairs(reasonHeader, this.#exchange.head.headers, this.#decision));
    return pairs;
  }
}

function notAStream(instanceId: string): SignalboxError {
  return new SignalboxError(
    'upstream_invalid_response',
    `Instance ${instanceId} answered a request for a stream with something else.`,
  );
}
