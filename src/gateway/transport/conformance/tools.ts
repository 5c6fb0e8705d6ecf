/** What the conformance suite needs of a test runner, and what its cases share. */

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

/** Vitest, Jest and `node:test` have these. */
export interface ConformanceTools {
  readonly describe: (name: string, body: () => void) => void;
  readonly it: (name: string, body: () => Promise<void>) => void;
}

/** One end of a connection, with what came from the other. */
export interface Wire {
  readonly socket: Socket;
  received(): string;
  readonly isClosed: boolean;
}

function wire(socket: Socket): Wire {
  let received = '';
  let isClosed = false;
  socket.on('data', (bytes) => {
    received += bytes.toString('latin1');
  });
  socket.on('close', () => {
    isClosed = true;
  });
  socket.on('error', () => {});
  return {
    socket,
    received: () => received,
    get isClosed() {
      return isClosed;
    },
  };
}

export async function dial(port: number, text = ''): Promise<Wire> {
  const socket = connect(port, '127.0.0.1');
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  const end = wire(socket);
  if (text !== '') socket.write(text);
  return end;
}

/** A listener on bare sockets, in the engine's place. */
export interface Engine {
  readonly url: string;
  readonly wires: Wire[];
  close(): Promise<void>;
}

/** @param onConnection answers; it is told of each connection once something has come over it */
export async function startEngine(onConnection: (wire: Wire) => void): Promise<Engine> {
  const wires: Wire[] = [];
  const server = createServer((socket) => {
    const end = wire(socket);
    wires.push(end);
    socket.once('data', () => onConnection(end));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    wires,
    async close() {
      for (const { socket } of wires) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
