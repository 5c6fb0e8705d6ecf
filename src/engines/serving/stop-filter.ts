/** Ends an answer at the first of its stop texts, whichever engine makes it. */

import type { GenerationEvent } from './token-engine.ts';

/**
 * Text that may be the beginning of a stop text is held back until it is clear that it is none. At a stop text
 * `endWork` tells the engine to stop; its `end` then still says what was used.
 */
export async function* untilStop(
  events: AsyncIterable<GenerationEvent>,
  stop: readonly string[],
  endWork: () => void,
): AsyncGenerator<GenerationEvent, void> {
  let held = '';
  let completionTokens = 0;
  let isStopped = false;
  for await (const event of events) {
    if (event.type === 'end') {
      if (held !== '') yield { type: 'token', text: held, tokenCount: 0 };
      yield isStopped ? { ...event, finishReason: 'stop', completionTokens } : event;
      return;
    }
    if (isStopped) continue;
    completionTokens += event.tokenCount;
    held += event.text;
    const at = firstMatch(held, stop);
    isStopped = at >= 0;
    const ready = isStopped ? at : held.length - openLength(held, stop);
    yield { ...event, text: held.slice(0, ready) };
    held = isStopped ? '' : held.slice(ready);
    if (isStopped) endWork();
  }
}

/** Where the first stop text begins; -1 if there is none. */
function firstMatch(text: string, stop: readonly string[]): number {
  let first = -1;
  for (const candidate of stop) {
    const at = text.indexOf(candidate);
    if (at >= 0 && (first < 0 || at < first)) first = at;
  }
  return first;
}

/** Length of the longest end of `text` with which a stop text begins. */
function openLength(text: string, stop: readonly string[]): number {
  let longest = 0;
  for (const candidate of stop) {
    for (let length = Math.min(text.length, candidate.length - 1); length > longest; length--) {
      if (candidate.startsWith(text.slice(-length))) longest = length;
    }
  }
  return longest;
}
