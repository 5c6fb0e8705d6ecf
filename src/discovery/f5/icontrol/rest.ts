/** One call of the appliance's REST interface. */

import { Agent, errors, request } from 'undici';
import type { TlsSettings } from '../../../engines/index.ts';
import { ApplianceError } from './appliance-error.ts';

export interface RestCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below `/mgmt`. */
  readonly path: string;
  readonly token?: string;
  readonly json?: unknown;
}

export interface RestAnswer {
  readonly status: number;
  readonly text: string;
}

export interface RestClient {
  /** @throws ApplianceError when there is no answer */
  call(call: RestCall): Promise<RestAnswer>;
  close(): Promise<void>;
}

export interface RestOptions {
  /** `https://10.1.1.1:443`. */
  readonly origin: string;
  readonly tls: TlsSettings;
  /** For the whole exchange. */
  readonly timeoutMs: number;
}

const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

export function createRestClient({ origin, tls, timeoutMs }: RestOptions): RestClient {
  const agent = new Agent({ connect: { ...tls }, connections: 4 });
  return {
    async call({ method, path, token, json }) {
      const url = `${origin}/mgmt${path}`;
      try {
        const answer = await request(url, {
          method,
          dispatcher: agent,
          signal: AbortSignal.timeout(timeoutMs),
          headers: {
            ...(json !== undefined && { 'content-type': 'application/json' }),
            ...(token !== undefined && { 'x-f5-auth-token': token }),
          },
          ...(json !== undefined && { body: JSON.stringify(json) }),
        });
        return { status: answer.statusCode, text: await textOf(answer.body) };
      } catch (error) {
        throw noAnswer(error, `${method} ${url}`, timeoutMs);
      }
    },
    close: () => agent.destroy(),
  };
}

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw new Error(`the answer is larger than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function noAnswer(error: unknown, what: string, timeoutMs: number): ApplianceError {
  const isTimeout =
    (error instanceof DOMException && error.name === 'TimeoutError') ||
    error instanceof errors.ConnectTimeoutError ||
    error instanceof errors.HeadersTimeoutError;
  if (isTimeout) return new ApplianceError('timeout', `${what}: no answer within ${timeoutMs} ms`);
  const reason = error instanceof Error ? error.message || error.name : String(error);
  return new ApplianceError('unreachable', `${what}: ${reason}`);
}
