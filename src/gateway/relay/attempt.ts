/** One try at an instance: calls it, and holds its answer back until it is known to be one. */

import type { ExecutionInstance, RequestKind } from '../../domain/index.ts';
import type {
  EngineCall,
  EngineClient,
  EngineFailure,
  EngineListener,
  EngineRequest,
  EngineTls,
  HeaderMap,
} from '../transport/port.ts';
import { type AttemptFailure, connectionFailure, engineError, instanceFault } from './attempt-failure.ts';
import { findFirstFrame, judgeFirstFrame } from './first-frame.ts';
import { isEventStream, readRetryAfterMs } from './headers.ts';
import type { RelaySettings } from './settings.ts';
import { Watchdog } from './watchdog.ts';

/** What becomes of a try: an answer that flows to its end or breaks off, or a failure before that. */
export interface AttemptListener {
  /** This is an answer: the caller may be promised it. Bytes follow. */
  onAnswer(answer: EngineAnswer): void;
  onAnswerBytes(bytes: Uint8Array): void;
  onAnswerEnd(): void;
  /** Before the answer, or in the middle of it. */
  onAttemptFailed(failure: AttemptFailure): void;
  /** The engine is full. */
  onPushedBack(retryAfterMs: number): void;
}

export interface EngineAnswer {
  readonly status: number;
  readonly headers: HeaderMap;
  readonly isEventStream: boolean;
}

export interface AttemptOptions {
  readonly client: EngineClient;
  readonly instance: ExecutionInstance;
  readonly kind: RequestKind;
  /** Whether the caller asked for a stream. */
  readonly stream: boolean;
  readonly settings: RelaySettings;
  readonly tls?: EngineTls | undefined;
}

/** Connections beyond an instance's window, for calls whose predecessor on a connection is not quite gone. */
const SPARE_CONNECTIONS = 4;

/** An error's body is passed on whole up to here. */
const MAX_ERROR_BODY_BYTES = 65_536;

/** An error's body that takes longer is cut short. */
const ERROR_BODY_TIMEOUT_MS = 1000;

/** A first event that is longer is let through unseen. */
const MAX_PEEKED_BYTES = 262_144;

type Mode =
  /** Waits for status and headers. */
  | 'head'
  /** Reads an error's body. */
  | 'error-body'
  /** Waits for the first byte of an answer. */
  | 'first-byte'
  /** Waits for the first meaningful frame of a stream. */
  | 'first-frame'
  | 'flowing'
  | 'over';

export class Attempt implements EngineListener {
  readonly #options: AttemptOptions;
  readonly #listener: AttemptListener;
  readonly #watchdog: Watchdog;
  #call: EngineCall | undefined;
  #mode: Mode = 'head';
  #status = 0;
  #headers: HeaderMap = {};
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  constructor(options: AttemptOptions, listener: AttemptListener) {
    this.#options = options;
    this.#listener = listener;
    this.#watchdog = new Watchdog((limitMs) => this.#onSilence(limitMs));
  }

  get instance(): ExecutionInstance {
    return this.#options.instance;
  }

  start(request: EngineRequest): void {
    const { client, instance, settings, tls } = this.#options;
    const maxConnections = instance.maxConcurrency + SPARE_CONNECTIONS;
    this.#watchdog.start(settings.firstByteTimeoutMs);
    const { id: instanceId, url } = instance;
    this.#call = client.call({ instanceId, url, maxConnections, tls }, request, this);
  }

  pause(): void {
    this.#watchdog.stop();
    this.#call?.pause();
  }

  resume(): void {
    if (this.#mode === 'over') return;
    this.#watchdog.start(this.#options.settings.idleTimeoutMs);
    this.#call?.resume();
  }

  /** Drops the call; nothing more is told of it. */
  abort(): void {
    this.#close();
    this.#call?.abort();
  }

  onHead(status: number, headers: HeaderMap): void {
    this.#status = status;
    this.#headers = headers;
    if (status >= 400) {
      this.#mode = 'error-body';
      this.#watchdog.start(ERROR_BODY_TIMEOUT_MS);
    } else if (status >= 300) {
      this.#failWith('upstream_invalid_response', `answered ${status}, and redirects are not followed`);
    } else {
      this.#mode = this.#options.stream && isEventStream(headers) ? 'first-frame' : 'first-byte';
    }
  }

  onBytes(bytes: Uint8Array): void {
    if (this.#mode === 'flowing') {
      this.#watchdog.signOfLife();
      this.#listener.onAnswerBytes(bytes);
    } else if (this.#mode === 'first-byte') {
      this.#hold(bytes);
      this.#beginAnswer();
    } else if (this.#mode === 'first-frame') {
      this.#hold(bytes);
      this.#watchdog.start(this.#options.settings.idleTimeoutMs);
      this.#judge(this.#takenSoFar());
    } else if (this.#mode === 'error-body') {
      this.#hold(bytes);
      if (this.#heldBytes > MAX_ERROR_BODY_BYTES) this.#onLongErrorBody();
    }
  }

  onEnd(): void {
    if (this.#mode === 'error-body') {
      this.#endWithError();
    } else if (this.#mode === 'first-frame') {
      this.#judge(Buffer.concat([...this.#held, FRAME_END]));
      if (this.#isFlowing()) this.#endAnswer();
      else if (!this.#isOver()) {
        this.#failWith('upstream_invalid_response', 'ended its stream before the first event');
      }
    } else if (this.#mode === 'first-byte') {
      this.#beginAnswer();
      this.#endAnswer();
    } else if (this.#mode === 'flowing') {
      this.#endAnswer();
    }
  }

  onFailure(failure: EngineFailure): void {
    if (this.#mode === 'over') return;
    if (this.#mode === 'error-body') {
      this.#endWithError();
      return;
    }
    this.#fail(connectionFailure(this.instance.id, failure));
  }

  #onSilence(limitMs: number): void {
    this.#call?.abort();
    if (this.#mode === 'error-body') {
      this.#endWithError();
      return;
    }
    const what = this.#mode === 'flowing' ? 'sent nothing more' : 'sent nothing of an answer';
    this.#failWith('upstream_timeout', `${what} for ${limitMs} ms`);
  }

  #judge(bytes: Uint8Array): void {
    const frame = findFirstFrame(bytes);
    if (frame === undefined) {
      if (this.#heldBytes > MAX_PEEKED_BYTES) this.#beginAnswer();
      return;
    }
    const verdict = judgeFirstFrame(frame, this.#options.kind);
    if (verdict.type === 'answer') {
      this.#beginAnswer();
    } else if (verdict.type === 'garbage') {
      this.#failWith('upstream_invalid_response', `answered, but ${verdict.reason}`);
    } else {
      this.#call?.abort();
      this.#endWithErrorAnswer(
        verdict.status,
        JSON_HEADERS,
        Buffer.from(verdict.payload),
        verdict.status >= 500,
      );
    }
  }

  #beginAnswer(): void {
    const held = this.#held;
    this.#held = [];
    this.#mode = 'flowing';
    this.#watchdog.start(this.#options.settings.idleTimeoutMs);
    this.#listener.onAnswer({
      status: this.#status,
      headers: this.#headers,
      isEventStream: isEventStream(this.#headers),
    });
    for (const bytes of held) {
      if (this.#isFlowing()) this.#listener.onAnswerBytes(bytes);
    }
  }

  #endAnswer(): void {
    if (this.#mode !== 'flowing') return;
    this.#close();
    this.#listener.onAnswerEnd();
  }

  /** Too long to be held: a caller's own mistake flows on, an instance's failure is known well enough. */
  #onLongErrorBody(): void {
    if (this.#status < 500 && this.#status !== 429) {
      this.#beginAnswer();
      return;
    }
    this.#call?.abort();
    this.#endWithError();
  }

  #endWithError(): void {
    const mayRetry = this.#options.settings.retriedStatuses.includes(this.#status);
    this.#endWithErrorAnswer(this.#status, this.#headers, this.#takenSoFar(), mayRetry);
  }

  #endWithErrorAnswer(status: number, headers: HeaderMap, body: Uint8Array, mayRetry: boolean): void {
    if (status === 429) {
      this.#close();
      const retryAfterMs = readRetryAfterMs(headers, Date.now()) ?? this.#options.settings.pushBackMs;
      this.#listener.onPushedBack(retryAfterMs);
      return;
    }
    this.#fail(engineError(this.instance.id, { status, headers, body }, mayRetry));
  }

  #failWith(code: 'upstream_invalid_response' | 'upstream_timeout', what: string): void {
    this.#call?.abort();
    this.#fail(instanceFault(code, `Instance ${this.instance.id} ${what}.`));
  }

  #fail(failure: AttemptFailure): void {
    this.#close();
    this.#listener.onAttemptFailed(failure);
  }

  #close(): void {
    this.#mode = 'over';
    this.#held = [];
    this.#watchdog.stop();
  }

  #hold(bytes: Uint8Array): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
  }

  #takenSoFar(): Uint8Array {
    return this.#held.length === 1 ? this.#held[0]! : Buffer.concat(this.#held);
  }

  #isFlowing(): boolean {
    return this.#mode === 'flowing';
  }

  #isOver(): boolean {
    return this.#mode === 'over';
  }
}

const FRAME_END = Buffer.from('\n\n');

const JSON_HEADERS: HeaderMap = { 'content-type': 'application/json' };
