/** Writes an answer that needs no engine. */

import { errorAnswer } from '../errors/index.ts';
import type { LocalAnswer } from '../intake/index.ts';
import { requestIdPairs } from '../relay/headers.ts';
import type { Exchange } from '../transport/index.ts';

/** @param requestId where the call has one already */
export function writeLocalAnswer(exchange: Exchange, answer: LocalAnswer, requestId?: string): void {
  const pairs = Object.entries(answer.headers).flat();
  pairs.push('content-length', String(Buffer.byteLength(answer.body)));
  if (requestId !== undefined) pairs.push(...requestIdPairs(requestId));
  exchange.begin(answer.status, pairs);
  exchange.write(answer.body);
  exchange.end();
}

export function writeError(exchange: Exchange, thrown: unknown, requestId?: string): void {
  writeLocalAnswer(exchange, errorAnswer(thrown), requestId);
}
