/** Sends one request and watches its answer, with as little work per byte as the transport allows. */

import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { type Failure, httpFailure, transportFailure } from './failure.ts';
import { type StreamWatch, watchStream } from './sse-scan.ts';

export interface CallRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
}

/** All moments are of `performance.now()`. */
export type CallOutcome = CallFacts &
  (
    | {
        readonly type: 'completed';
        readonly firstTokenAtMs: number;
        readonly lastTokenAtMs: number;
        readonly outputTokens: number;
        readonly promptTokens: number | undefined;
        readonly cachedTokens: number | undefined;
      }
    | { readonly type: 'failed'; readonly failure: Failure }
    | { readonly type: 'aborted' }
  );

export interface CallFacts {
  readonly endAtMs: number;
  /** The gateway's `x-signalbox-instance`. */
  readonly instanceId: string | undefined;
  /** The gateway's `x-signalbox-queue-ms`. */
  readonly queueMs: number | undefined;
}

export interface Call {
  readonly outcome: Promise<CallOutcome>;
  /** Drops the connection; the outcome is `aborted` unless it is known already. */
  abort(): void;
}

const ERROR_BODY_BYTES = 64 * 1024;

export function startCall(pool: Dispatcher, request: CallRequest): Call {
  const { promise, resolve } = Promise.withResolvers<CallOutcome>();
  const handler = new CallHandler(resolve, request.timeoutMs);
  try {
    pool.dispatch(
      {
        method: 'POST',
        path: request.path,
        headers: request.headers,
        body: request.body,
        // The call's own timer bounds the whole of it.
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      handler,
    );
  } catch (error) {
    handler.onResponseError(undefined, error as Error);
  }
  return { outcome: promise, abort: () => handler.abort() };
}

class CallHandler implements Dispatcher.DispatchHandler {
  readonly #resolve: (outcome: CallOutcome) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #watch: StreamWatch = watchStream();
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  /** Of an answer that is no stream. */
  #body = '';
  #isSettled = false;

  constructor(resolve: (outcome: CallOutcome) => void, timeoutMs: number) {
    this.#resolve = resolve;
    this.#timer = setTimeout(() => {
      this.#fail({ kind: 'timeout', message: `no complete answer within ${timeoutMs} ms` });
    }, timeoutMs);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isSettled) this.#drop();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#isSettled) return;
    if (this.#isStream()) {
      this.#watch.feed(chunk, performance.now());
      if (this.#watch.failure !== undefined) this.#fail(this.#watch.failure);
    } else if (this.#body.length < ERROR_BODY_BYTES) {
      this.#body += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('utf8');
    }
  }

  onResponseEnd(): void {
    this.#controller = undefined;
    if (this.#isSettled) return;
    if (this.#status !== 200) this.#fail(httpFailure(this.#status, this.#body));
    else if (!this.#isStream()) this.#fail(notAStream(this.#headers['content-type']));
    else if (!this.#watch.isDone) this.#fail({ kind: 'truncated', message: 'ended without [DONE]' });
    else this.#complete(performance.now());
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.#controller = undefined;
    this.#fail(transportFailure(error, this.#status !== 0));
  }

  abort(): void {
    this.#settle({ type: 'aborted', ...this.#facts(performance.now()) });
    this.#drop();
  }

  #isStream(): boolean {
    return this.#status === 200 && (this.#headers['content-type'] ?? '').startsWith('text/event-stream');
  }

  /** An answer without any text has its first token where it ends. */
  #complete(endAtMs: number): void {
    const { firstTokenAtMs = endAtMs, lastTokenAtMs = endAtMs, usage, tokenFrames } = this.#watch;
    this.#settle({
      type: 'completed',
      firstTokenAtMs,
      lastTokenAtMs,
      outputTokens: usage?.outputTokens ?? tokenFrames,
      promptTokens: usage?.promptTokens,
      cachedTokens: usage?.cachedTokens,
      ...this.#facts(endAtMs),
    });
  }

  #fail(failure: Failure): void {
    this.#settle({ type: 'failed', failure, ...this.#facts(performance.now()) });
    this.#drop();
  }

  #facts(endAtMs: number): CallFacts {
    const queueMs = Number(this.#headers['x-signalbox-queue-ms'] ?? Number.NaN);
    return {
      endAtMs,
      instanceId: this.#headers['x-signalbox-instance']?.toString(),
      queueMs: Number.isFinite(queueMs) ? queueMs : undefined,
    };
  }

  #settle(outcome: CallOutcome): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    clearTimeout(this.#timer);
    this.#resolve(outcome);
  }

  /** Ends the transport's part, once it has begun and if it is still going on. */
  #drop(): void {
    this.#controller?.abort(new Error('the replay is done with this request'));
  }
}

function notAStream(contentType: string | undefined): Failure {
  return {
    kind: 'invalid_stream',
    message: `answered ${contentType ?? 'without a content type'} instead of text/event-stream`,
  };
}
