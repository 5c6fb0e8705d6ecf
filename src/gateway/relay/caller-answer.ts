/** The answer as the caller sees it: comments while it waits, then an engine's bytes, or a failure in the form that still fits. */

import { errorAnswer, errorEvent } from '../errors/index.ts';
import type { Exchange } from '../transport/port.ts';
import type { EngineAnswer } from './attempt.ts';
import type { AttemptFailure } from './attempt-failure.ts';
import { toCallerHeaders } from './headers.ts';
import { SseScanner } from './sse-scanner.ts';
import { type Usage, UsageFinder } from './usage-finder.ts';

type State =
  /** Nothing was sent: every status is still possible. */
  | 'open'
  /** The caller of a stream was sent 200 and comments, and nothing of an answer. */
  | 'commenting'
  /** An engine's answer is on its way. */
  | 'flowing'
  | 'over';

export class CallerAnswer {
  readonly #exchange: Exchange;
  readonly #usage = new UsageFinder();
  #scanner: SseScanner | undefined;
  /** The last two chunks; the reason to finish may be followed by the usage. */
  #last: Uint8Array | undefined;
  #lastButOne: Uint8Array | undefined;
  #state: State = 'open';
  #status = 0;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** What the caller was told; 0 for nothing. */
  get status(): number {
    return this.#status;
  }

  /** Whether an engine's failure can still be hidden from the caller. */
  get isUndecided(): boolean {
    return this.#state === 'open' || this.#state === 'commenting';
  }

  /** Events with data that went by, where the answer is a stream of them. */
  get dataFrames(): number | undefined {
    return this.#scanner?.dataFrames;
  }

  /** Whether the engine itself told of an error within its stream. */
  get sawError(): boolean {
    return this.#scanner?.sawError ?? false;
  }

  /** Whether a stream of chat or completion events stopped without `[DONE]` and without a reason to finish. */
  get isCutShort(): boolean {
    if (this.#scanner === undefined || this.#scanner.isDone || this.#scanner.sawError) return false;
    return !FINISHED.test(this.#lastText());
  }

  usage(): Usage {
    return this.#usage.usage();
  }

  /** A line that clients skip and that proxies in between take for a sign of life. */
  comment(text: string, ours: readonly string[]): void {
    if (this.#state === 'open') {
      this.#state = 'commenting';
      this.#begin(200, [...STREAM_HEADERS, ...ours]);
    }
    if (this.#state === 'commenting') this.#exchange.write(`: ${text}\n\n`);
  }

  /** `false` where the caller was promised a stream and this is none. */
  beginFlowing(answer: EngineAnswer, ours: readonly string[]): boolean {
    if (this.#state === 'commenting' && !(answer.isEventStream && answer.status === 200)) return false;
    if (this.#state === 'open') this.#begin(answer.status, toCallerHeaders(answer.headers, ours));
    if (answer.isEventStream) this.#scanner = new SseScanner();
    this.#state = 'flowing';
    return true;
  }

  write(bytes: Uint8Array): boolean {
    this.#scanner?.push(bytes);
    this.#usage.push(bytes);
    this.#lastButOne = this.#last;
    this.#last = bytes;
    return this.#exchange.write(bytes);
  }

  end(): void {
    this.#state = 'over';
    this.#exchange.end();
  }

  /** Ends with a failure: as an HTTP error, as an event of the stream, or by cutting the connection. */
  fail(failure: Pick<AttemptFailure, 'error' | 'answer'>, ours: readonly string[]): void {
    if (this.#state === 'open') this.#failOpenly(failure, ours);
    else if (this.#state === 'commenting' || this.#scanner !== undefined) this.#failAsEvent(failure);
    else this.#exchange.destroy();
    this.#state = 'over';
  }

  #failOpenly({ error, answer }: Pick<AttemptFailure, 'error' | 'answer'>, ours: readonly string[]): void {
    if (answer !== undefined && (answer.status < 500 || isErrorBody(answer.body))) {
      // The body may have been cut short.
      const length = ['content-length', String(answer.body.length)];
      const headers = { ...answer.headers, 'content-length': undefined };
      this.#begin(answer.status, toCallerHeaders(headers, [...length, ...ours]));
      this.#exchange.write(answer.body);
      this.#exchange.end();
      return;
    }
    const { status, headers, body } = errorAnswer(error);
    const length = ['content-length', String(Buffer.byteLength(body))];
    this.#begin(answer?.status ?? status, [...Object.entries(headers).flat(), ...length, ...ours]);
    this.#exchange.write(body);
    this.#exchange.end();
  }

  #failAsEvent({ error, answer }: Pick<AttemptFailure, 'error' | 'answer'>): void {
    const gap = (this.#scanner?.isBetweenFrames ?? true) ? '' : '\n\n';
    const engineBody = answer && parseErrorBody(answer.body);
    const failure = { error, engineBody, events: this.dataFrames ?? 0 };
    this.#exchange.write(gap + errorEvent(this.#exchange.head.path, failure));
    this.#exchange.end();
  }

  #lastText(): string {
    return Buffer.concat([this.#lastButOne ?? NOTHING, this.#last ?? NOTHING]).toString('latin1');
  }

  #begin(status: number, headers: readonly string[]): void {
    this.#status = status;
    this.#exchange.begin(status, headers);
  }
}

const NOTHING = new Uint8Array(0);

const FINISHED = /"finish_reason":\s*"/;

/** `x-accel-buffering` keeps NGINX from holding events back. */
const STREAM_HEADERS = [
  'content-type',
  'text/event-stream; charset=utf-8',
  'cache-control',
  'no-cache',
  'x-accel-buffering',
  'no',
];

function isErrorBody(body: Uint8Array): boolean {
  return parseErrorBody(body) !== undefined;
}

/** An engine's words as they are, where clients will find the message in them. */
function parseErrorBody(body: Uint8Array): object | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    return typeof parsed === 'object' && parsed !== null && 'error' in parsed ? parsed : undefined;
  } catch {
    return undefined;
  }
}
