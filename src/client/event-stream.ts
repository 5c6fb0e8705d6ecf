/** Server-sent events as an async iterable. */

import { EventSourceParserStream } from 'eventsource-parser/stream';
import { type Call, lost, readAnswer, type Transport } from './transport.ts';

/**
 * Ends when the server ends the stream or `signal` is aborted.
 * @throws TaskClientError with status 0 when the connection is lost: what happened meanwhile is not told again
 */
export async function* readEvents(
  transport: Transport,
  call: Call,
): AsyncGenerator<unknown, void, undefined> {
  const response = await transport.open(call);
  if (!response.ok || response.body === null) {
    await readAnswer(response, call);
    return;
  }
  const events = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream());
  try {
    for await (const { data } of events) yield JSON.parse(data);
  } catch (error) {
    if (!call.signal?.aborted) throw lost(call, error);
  }
}
