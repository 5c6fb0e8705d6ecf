/** An appliance over HTTPS on loopback that answers calls one after the other as told, and notes what was asked. */

import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { TEST_CERTIFICATE, TEST_KEY } from '../../src/engines/__fixtures__/tls.ts';

export interface Asked {
  readonly method: string;
  /** Below `/mgmt`. */
  readonly path: string;
  readonly token: string | undefined;
  readonly contentType: string | undefined;
  readonly json: unknown;
}

/** `hang-up` ends the connection without an answer. */
export type Answer = { readonly status: number; readonly body: unknown } | 'hang-up';

export interface ScriptedAppliance {
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly ca: string; readonly servername: string };
  readonly asked: Asked[];
  /** What the next calls are answered; a call that nobody foresaw is answered 599. */
  readonly answers: Answer[];
  close(): Promise<void>;
}

export async function startScriptedAppliance(): Promise<ScriptedAppliance> {
  const asked: Asked[] = [];
  const answers: Answer[] = [];
  const server = createServer({ cert: TEST_CERTIFICATE, key: TEST_KEY }, async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    asked.push({
      method: request.method ?? '',
      path: (request.url ?? '').replace(/^\/mgmt/, ''),
      token: request.headers['x-f5-auth-token'] as string | undefined,
      contentType: request.headers['content-type'],
      json: body === '' ? null : JSON.parse(body),
    });
    const answer = answers.shift() ?? { status: 599, body: 'not foreseen' };
    if (answer === 'hang-up') {
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
  });
  const port = await listen(server);
  return {
    host: '127.0.0.1',
    port,
    tls: { ca: TEST_CERTIFICATE, servername: 'engine.test' },
    asked,
    answers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
