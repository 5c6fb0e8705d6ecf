/** Reads HTTP/1.1 responses from the bytes of a connection, without copying their bodies. */

/** What is read, in the order in which it comes. */
export interface ResponseListener {
  onHead(status: number): void;
  /** `bytes` from `start` up to `end` belong to the body; they are not kept and may be looked at now. */
  onBody(bytes: Buffer, start: number, end: number): void;
  onEnd(): void;
}

const CR = 0x0d;
const LF = 0x0a;
const HEAD_END = '\r\n\r\n';

type State =
  | 'head'
  /** In a body of known length. */
  | 'body'
  | 'chunk-size'
  | 'chunk-data'
  /** The line end behind a chunk. */
  | 'chunk-end'
  /** Behind the last chunk: lines up to an empty one. */
  | 'trailer'
  /** A body that ends with the connection. */
  | 'until-close';

export class ResponseParser {
  readonly #listener: ResponseListener;
  #state: State = 'head';
  #head: Buffer | undefined;
  #left = 0;
  #line = '';

  constructor(listener: ResponseListener) {
    this.#listener = listener;
  }

  /** Throws an `Error` at what is not HTTP/1.1. */
  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) at = this.#take(bytes, at);
  }

  /** The connection ended, which ends a response that did not say how long it is. */
  close(): void {
    if (this.#state === 'until-close') this.#end();
  }

  /** Takes what it can from `at` on, and returns where the rest begins. */
  #take(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case 'head':
        return this.#takeHead(bytes, at);
      case 'body':
      case 'chunk-data':
      case 'until-close':
        return this.#takeBody(bytes, at);
      case 'chunk-size':
      case 'chunk-end':
      case 'trailer':
        return this.#takeLine(bytes, at);
    }
  }

  #takeHead(bytes: Buffer, at: number): number {
    const before = this.#head?.length ?? 0;
    const rest = bytes.subarray(at);
    const seen = this.#head === undefined ? rest : Buffer.concat([this.#head, rest]);
    const end = seen.indexOf(HEAD_END);
    if (end === -1) {
      this.#head = seen;
      return bytes.length;
    }
    this.#head = undefined;
    this.#readHead(seen.toString('latin1', 0, end + 2));
    return at + end + HEAD_END.length - before;
  }

  #readHead(head: string): void {
    const status = /^HTTP\/1\.[01] (\d{3})[ \r]/.exec(head);
    if (status === null) throw new Error(`not an HTTP/1.1 response: "${head.slice(0, 60)}"`);
    const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(head);
    this.#left = Number(length?.[1] ?? 0);
    if (/\r\ntransfer-encoding: *chunked\r\n/i.test(head)) this.#state = 'chunk-size';
    else this.#state = length === null ? 'until-close' : 'body';
    this.#listener.onHead(Number(status[1]));
    if (this.#state === 'body' && this.#left === 0) this.#end();
  }

  #takeBody(bytes: Buffer, at: number): number {
    const end = this.#state === 'until-close' ? bytes.length : Math.min(bytes.length, at + this.#left);
    this.#left -= end - at;
    this.#listener.onBody(bytes, at, end);
    if (this.#left === 0 && this.#state === 'body') this.#end();
    else if (this.#left === 0 && this.#state === 'chunk-data') this.#state = 'chunk-end';
    return end;
  }

  #takeLine(bytes: Buffer, at: number): number {
    const lineFeed = bytes.indexOf(LF, at);
    if (lineFeed === -1) {
      this.#line += bytes.toString('latin1', at, bytes.length);
      return bytes.length;
    }
    const end = lineFeed > at && bytes[lineFeed - 1] === CR ? lineFeed - 1 : lineFeed;
    const line = (this.#line + bytes.toString('latin1', at, end)).replace('\r', '');
    this.#line = '';
    this.#onLine(line);
    return lineFeed + 1;
  }

  #onLine(line: string): void {
    if (this.#state === 'trailer') {
      if (line === '') this.#end();
    } else if (this.#state === 'chunk-end') {
      if (line !== '') throw new Error(`behind a chunk: found "${line.slice(0, 20)}"`);
      this.#state = 'chunk-size';
    } else {
      this.#left = Number.parseInt(line, 16);
      if (Number.isNaN(this.#left)) throw new Error(`a chunk's size: found "${line.slice(0, 20)}"`);
      this.#state = this.#left === 0 ? 'trailer' : 'chunk-data';
    }
  }

  #end(): void {
    this.#state = 'head';
    this.#listener.onEnd();
  }
}
