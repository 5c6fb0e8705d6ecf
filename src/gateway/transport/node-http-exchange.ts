/** One call on `node:http`: its body read within limits, its answer written with backpressure. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type {
  BodyOutcome,
  CallHead,
  Exchange,
  ExchangeListener,
  HeaderPairs,
  ServerOptions,
} from './port.ts';

/** An unread body of at most this many bytes is swallowed, so that the connection can be kept. */
const SWALLOW_BYTES = 65_536;

/** How long a caller that is still sending when it has its answer may go on before it is cut off. */
const LINGER_MS = 1000;

export class NodeHttpExchange implements Exchange {
  readonly head: CallHead;
  listener: ExchangeListener | undefined;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #options: ServerOptions;
  readonly #expectsContinue: boolean;
  #isGone = false;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    options: ServerOptions,
    expectsContinue: boolean,
  ) {
    this.#request = request;
    this.#response = response;
    this.#options = options;
    this.#expectsContinue = expectsContinue;
    this.head = readHead(request);
    response.on('drain', () => this.#onDrain());
    // What goes wrong on a connection also closes it, and that is where it is dealt with.
    response.on('error', ignore);
    request.on('error', ignore);
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  get hasBegun(): boolean {
    return this.#response.headersSent;
  }

  /** To be called unless the answer was handed over whole. */
  onConnectionClosed(): void {
    this.#isGone = true;
    this.listener?.onGone();
  }

  readBody(limitBytes: number, done: (outcome: BodyOutcome) => void): void {
    if (Number(this.#request.headers['content-length'] ?? 0) > limitBytes) {
      done({ type: 'too-large' });
      return;
    }
    if (this.#expectsContinue) this.#response.writeContinue();
    collectBody(this.#request, limitBytes, this.#options, done);
  }

  begin(status: number, headers: HeaderPairs): void {
    if (this.#isGone) return;
    if (this.#hasLongUnreadBody()) this.closeAfterwards();
    this.#response.writeHead(status, headers as string[]);
  }

  write(bytes: Uint8Array | string): boolean {
    if (this.#isGone) return true;
    if (this.#response.write(bytes)) return true;
    this.#limitWriting();
    return false;
  }

  end(): void {
    if (this.#isGone) return;
    if (this.#hasLongUnreadBody()) {
      this.#endAfterLingering();
      return;
    }
    this.#response.end();
    // Mostly the system has taken all of it by now, and there is no one to wait for.
    if (this.#response.writableLength > 0) this.#limitWriting();
  }

  destroy(): void {
    this.#request.socket.destroy();
  }

  closeAfterwards(): void {
    this.#response.shouldKeepAlive = false;
  }

  /** Node destroys a connection whose time is up, and takes partial progress of a write for a sign of life. */
  #limitWriting(): void {
    this.#response.socket?.setTimeout(this.#options.writeIdleTimeoutMs);
  }

  #onDrain(): void {
    this.#response.socket?.setTimeout(0);
    this.listener?.onDrain();
  }

  #hasLongUnreadBody(): boolean {
    return !this.#request.complete && mayBeLong(this.#request);
  }

  /**
   * Closing while bytes are still coming makes the kernel reset the connection, and the caller may lose the answer;
   * so what comes is thrown away for a moment first (RFC 9112, section 9.6).
   */
  #endAfterLingering(): void {
    const finish = () => {
      clearTimeout(timer);
      if (!this.#isGone) this.#response.end();
    };
    const timer = setTimeout(finish, LINGER_MS);
    this.#request.once('end', finish);
    this.#response.once('close', () => clearTimeout(timer));
    this.#request.resume();
  }
}

function readHead(request: IncomingMessage): CallHead {
  const target = request.url ?? '/';
  const queryAt = target.indexOf('?');
  return {
    method: request.method ?? 'GET',
    path: queryAt === -1 ? target : target.slice(0, queryAt),
    query: queryAt === -1 ? '' : target.slice(queryAt),
    headers: request.headers,
    remoteAddress: request.socket.remoteAddress,
  };
}

/** Whether the head leaves room for a long body; one in chunks may have any length. */
function mayBeLong({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > SWALLOW_BYTES;
}

function collectBody(
  request: IncomingMessage,
  limitBytes: number,
  options: ServerOptions,
  done: (outcome: BodyOutcome) => void,
): void {
  const chunks: Buffer[] = [];
  const startMs = performance.now();
  let totalBytes = 0;
  const timer = setTimeout(() => finish({ type: 'too-slow' }), options.bodyIdleTimeoutMs);

  const onData = (chunk: Buffer) => {
    totalBytes += chunk.length;
    if (totalBytes > limitBytes) return finish({ type: 'too-large' });
    if (performance.now() - startMs > options.bodyTimeoutMs) return finish({ type: 'too-slow' });
    chunks.push(chunk);
    timer.refresh();
  };
  const onEnd = () => {
    finish({ type: 'complete', body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, totalBytes) });
  };
  const stop = () => {
    clearTimeout(timer);
    request.off('data', onData);
    request.off('end', onEnd);
    request.off('close', stop);
  };
  const finish = (outcome: BodyOutcome) => {
    stop();
    done(outcome);
  };
  request.on('data', onData);
  request.on('end', onEnd);
  request.on('close', stop);
}

function ignore(): void {}
