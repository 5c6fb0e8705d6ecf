/** A client's connection that is kept: one request at a time, and what comes of it. */

import { connect, type Socket } from 'node:net';
import type { Target } from '../contender.ts';
import { REQUEST_PATH } from './answers.ts';
import { type ResponseListener, ResponseParser } from './response-parser.ts';

export interface ClientListener extends ResponseListener {
  /** The connection failed or ended in the middle of an answer; it is of no more use. */
  onFailure(reason: string): void;
}

export class Client {
  readonly #socket: Socket;
  /** While an answer is waited for. */
  #listener: ClientListener | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const parser = new ResponseParser({
      onHead: (status) => this.#listener?.onHead(status),
      onBody: (bytes, start, end) => this.#listener?.onBody(bytes, start, end),
      onEnd: () => {
        const listener = this.#listener;
        this.#listener = undefined;
        listener?.onEnd();
      },
    });
    socket.on('data', (bytes) => {
      try {
        parser.push(bytes);
      } catch (error) {
        this.#fail(String(error));
      }
    });
    socket.on('error', (error) => this.#fail(error.message));
    socket.on('close', () => {
      parser.close();
      this.#fail('the connection ended before the answer did');
    });
  }

  static open({ url }: Target): Promise<Client> {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Client(socket));
      });
    });
  }

  /** @param request from `requestBytes` */
  send(request: Buffer, listener: ClientListener): void {
    this.#listener = listener;
    if (this.#socket.destroyed) this.#fail('the connection was closed between two requests');
    else this.#socket.write(request);
  }

  close(): void {
    this.#listener = undefined;
    this.#socket.destroy();
  }

  #fail(reason: string): void {
    const listener = this.#listener;
    this.close();
    listener?.onFailure(reason);
  }
}

/** A request for a completion, head and body. */
export function requestBytes({ url, headers }: Target, body: string): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `POST ${REQUEST_PATH} HTTP/1.1\r\nhost: ${new URL(url).host}\r\ncontent-type: application/json\r\n`;
  return Buffer.from(`${head}${lines.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}
