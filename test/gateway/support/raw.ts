/** A caller on a bare socket, for what no HTTP client would do. */

import { connect, type Socket } from 'node:net';

export interface RawCaller {
  readonly socket: Socket;
  /** Everything received so far. */
  received(): string;
  readonly isClosed: boolean;
  send(text: string | Uint8Array): void;
  /** Resolves with everything received, once the connection has closed. */
  untilClosed(): Promise<string>;
}

export async function callRaw(port: number, text = ''): Promise<RawCaller> {
  const socket = connect(port, '127.0.0.1');
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  let received = '';
  let isClosed = false;
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    received += bytes.toString('latin1');
  });
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      isClosed = true;
      resolve();
    });
  });
  if (text !== '') socket.write(text);
  return {
    socket,
    received: () => received,
    get isClosed() {
      return isClosed;
    },
    send: (more) => void socket.write(more),
    untilClosed: () => closed.then(() => received),
  };
}

/** A chat call's whole text, for model `m`. */
export function rawChat(body: object = {}, headers: readonly string[] = []): string {
  const text = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hello' }], ...body });
  return `${rawHead(['content-type: application/json', `content-length: ${text.length}`, ...headers])}${text}`;
}

/** The head of a chat call. */
export function rawHead(headers: readonly string[]): string {
  return ['POST /v1/chat/completions HTTP/1.1', 'host: test', ...headers, '', ''].join('\r\n');
}

/** Status and JSON body of a raw answer that was received whole. */
export function parseRawAnswer(text: string): { status: number; body: { error: { code: string } } } {
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]);
  return { status, body: JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)) };
}
