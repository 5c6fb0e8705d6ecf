/** Paths on the data listener that another room answers, without an engine: behind the same keys, limits and errors. */

import type { IncomingCall, KeyFacts } from './intake/index.ts';
import { requestIdPairs } from './relay/headers.ts';
import type { Exchange } from './transport/index.ts';

export interface SideCall {
  readonly method: string;
  /** Without the query string. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly body: Uint8Array;
  readonly tenant?: string;
  /** The models that the caller's key may use; absent: all. */
  readonly models?: ReadonlySet<string>;
}

export interface SideAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | AsyncIterable<Uint8Array>;
}

export interface SideDoor {
  isFor(path: string): boolean;
  /** A longer body is answered 413. */
  readonly maxBodyBytes: number;
  /** Bodies are held whole: who comes while so many are held is told to come back. */
  readonly maxBodiesAtOnce: number;
  /** @throws SignalboxError */
  answer(call: SideCall): Promise<SideAnswer>;
}

export function toSideCall(call: IncomingCall, { tenant, models }: KeyFacts, body: Uint8Array): SideCall {
  const contentType = call.headers['content-type'];
  return {
    method: call.method,
    path: call.path,
    query: new URLSearchParams(call.query),
    contentType: typeof contentType === 'string' ? contentType : '',
    body,
    ...(tenant !== undefined && { tenant }),
    ...(models !== undefined && { models }),
  };
}

/** Writes no faster than the caller reads. A failure after the first byte cuts the connection: the caller must not take half for all. */
export async function writeSideAnswer(
  exchange: Exchange,
  answer: SideAnswer,
  requestId: string,
): Promise<void> {
  const { body, contentType, status } = answer;
  const pairs = ['content-type', contentType, ...requestIdPairs(requestId)];
  if (typeof body === 'string') {
    exchange.begin(status, [...pairs, 'content-length', String(Buffer.byteLength(body))]);
    exchange.write(body);
    exchange.end();
    return;
  }
  exchange.begin(status, pairs);
  try {
    for await (const piece of body) {
      if (exchange.isGone) return;
      if (!exchange.write(piece)) await drained(exchange);
    }
    exchange.end();
  } catch (error) {
    exchange.destroy();
    throw error;
  }
}

function drained(exchange: Exchange): Promise<void> {
  return new Promise((resolve) => {
    exchange.listener = { onDrain: resolve, onGone: resolve };
  });
}
