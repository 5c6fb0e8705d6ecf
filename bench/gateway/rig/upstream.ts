/** The mock upstream: as little as can pass for several engines, so that its core has time for the load generator too. */

import { createServer, type Server, type Socket } from 'node:net';
import {
  frame,
  LAST_FRAMES,
  PAGES,
  REQUEST_PATH,
  readStreamOrder,
  SMALL_ANSWER,
  type StreamOrder,
} from './answers.ts';

/** Milliseconds between two steps of the pace `step`. */
const STEP_MS = 25;

/** A stream whose frames are not taken gets no more of them meanwhile. */
const MAX_UNSENT_BYTES = 65_536;

export interface Upstream {
  readonly urls: readonly string[];
  /** Sends the next frame of a stream of the pace `closed`. */
  advance(streamId: number): void;
  close(): Promise<void>;
}

/** Opens `instances` listeners on free ports of 127.0.0.1, all of which answer alike. */
export async function startUpstream(instances: number): Promise<Upstream> {
  const streams = new Map<number, OpenStream>();
  const sockets = new Set<Socket>();
  const servers = await Promise.all(
    Array.from({ length: instances }, () =>
      listen((socket) => {
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
        serve(socket, streams);
      }),
    ),
  );
  const stepping = setInterval(() => {
    for (const stream of streams.values()) if (stream.pace === 'step') stream.sendNext();
  }, STEP_MS);
  return {
    urls: servers.map((server) => `http://127.0.0.1:${(server.address() as { port: number }).port}`),
    advance: (streamId) => streams.get(streamId)?.sendNext(),
    async close() {
      clearInterval(stepping);
      for (const socket of sockets) socket.destroy();
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

function listen(onConnection: (socket: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({ noDelay: true }, onConnection);
    server.once('error', reject);
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => resolve(server));
  });
}

class OpenStream {
  readonly pace: StreamOrder['pace'];
  readonly #socket: Socket;
  readonly #frames: number;
  readonly #onEnd: () => void;
  #sent = 0;

  constructor(socket: Socket, order: StreamOrder, onEnd: () => void) {
    this.#socket = socket;
    this.#frames = order.frames;
    this.pace = order.pace;
    this.#onEnd = onEnd;
    this.#sent = 1;
    socket.write(STREAM_BEGIN);
  }

  sendNext(): void {
    if (this.#socket.writableLength > MAX_UNSENT_BYTES) return;
    if (this.#sent < this.#frames) {
      this.#socket.write(chunkedFrame(this.#sent));
      this.#sent += 1;
      return;
    }
    this.#onEnd();
    this.#socket.write(STREAM_END);
  }
}

/** One request after the other on a connection; what is not HTTP/1.1 with a length is not answered but cut. */
function serve(socket: Socket, streams: Map<number, OpenStream>): void {
  let held: Buffer | undefined;
  let streamId: number | undefined;
  socket.on('error', () => {});
  socket.once('close', () => {
    if (streamId !== undefined) streams.delete(streamId);
  });
  socket.on('data', (bytes) => {
    held = held === undefined ? bytes : Buffer.concat([held, bytes]);
    while (held !== undefined) {
      const text: string = held.toString('latin1', 0, held.length);
      const bodyAt = text.indexOf('\r\n\r\n') + 4;
      if (bodyAt === 3) return;
      const end: number = bodyAt + bodyLength(text.slice(0, bodyAt));
      if (Number.isNaN(end)) return void socket.destroy();
      if (held.length < end) return;
      const request = text.slice(0, end);
      held = held.length === end ? undefined : held.subarray(end);
      const order = answer(socket, request);
      if (order === undefined) continue;
      const { id } = order;
      streamId = id;
      streams.set(id, new OpenStream(socket, order, () => streams.delete(id)));
    }
  });
}

function bodyLength(head: string): number {
  const match = /\r\ncontent-length: *(\d+)\r\n/i.exec(head);
  if (match !== null) return Number(match[1]);
  return /\r\ntransfer-encoding:/i.test(head) ? Number.NaN : 0;
}

/** Answers at once, unless a stream is to follow. */
function answer(socket: Socket, request: string): StreamOrder | undefined {
  const path = request.slice(request.indexOf(' ') + 1, request.indexOf(' HTTP/'));
  if (path === REQUEST_PATH && request.startsWith('POST ')) {
    const order = readStreamOrder(request);
    if (order === undefined) socket.write(SMALL_RESPONSE);
    return order;
  }
  const page = PAGES[path];
  socket.write(page === undefined ? NOT_FOUND : response('200 OK', page.type, page.body));
  return undefined;
}

function response(status: string, type: string, body: string): Buffer {
  const length = Buffer.byteLength(body);
  return Buffer.from(
    `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n\r\n${body}`,
  );
}

const SMALL_RESPONSE = response('200 OK', 'application/json', SMALL_ANSWER);
const NOT_FOUND = response(
  '404 Not Found',
  'application/json',
  '{"error":{"message":"not found","code":404}}',
);

function chunked(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

const STREAM_BEGIN = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n${chunked(frame(0))}`,
);
const STREAM_END = Buffer.from(`${LAST_FRAMES.map(chunked).join('')}0\r\n\r\n`);

/** Made once, for every stream has the same. */
const chunkedFrames: Buffer[] = [];

function chunkedFrame(index: number): Buffer {
  chunkedFrames[index] ??= Buffer.from(chunked(frame(index)));
  return chunkedFrames[index];
}
