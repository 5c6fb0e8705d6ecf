import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { endOf } from './__fixtures__/serving.ts';
import { untilStop } from './stop-filter.ts';
import type { GenerationEvent } from './token-engine.ts';

/** An engine that says these pieces and ends; told to stop, it ends at once with `abort`. */
function engineOf(pieces: readonly string[]) {
  let isTold = false;
  let said = 0;
  async function* events(): AsyncGenerator<GenerationEvent> {
    for (const text of pieces) {
      if (isTold) break;
      said++;
      yield { type: 'token', text, tokenCount: 1 };
    }
    yield endOf(isTold ? 'abort' : 'length', said);
  }
  const endWork = vi.fn(() => {
    isTold = true;
  });
  return { events: events(), endWork, said: () => said };
}

async function collect(pieces: readonly string[], stop: readonly string[]) {
  const engine = engineOf(pieces);
  const events: GenerationEvent[] = [];
  for await (const event of untilStop(engine.events, stop, engine.endWork)) events.push(event);
  const text = events.map((event) => (event.type === 'token' ? event.text : '')).join('');
  return { ...engine, text, events, end: events.at(-1) };
}

describe('ending an answer at a stop text', () => {
  it.each([
    ['within a token', ['one two', ' three'], ['two'], 'one '],
    ['across tokens', ['one t', 'w', 'o three'], ['two'], 'one '],
    ['at the very beginning', ['two', ' one'], ['two'], ''],
    ['at the first of several', ['a b c'], ['c', 'b'], 'a '],
    ['after a false start', ['aab', 'aac', 'd'], ['aac'], 'aab'],
    ['after a beginning that repeats itself', ['aaa', 'ab'], ['aab'], 'aa'],
  ])('cuts %s', async (_, pieces, stop, text) => {
    const result = await collect(pieces, stop);
    expect(result.text).toBe(text);
    expect(result.end).toMatchObject({ type: 'end', finishReason: 'stop' });
    expect(result.endWork).toHaveBeenCalledOnce();
  });

  it('lets everything through where no stop text comes, a held beginning of one too', async () => {
    const result = await collect(['all is ', 'well tw'], ['two']);
    expect(result.text).toBe('all is well tw');
    expect(result.end).toMatchObject({ finishReason: 'length', completionTokens: 2 });
    expect(result.endWork).not.toHaveBeenCalled();
  });

  it('holds nothing back longer than it must', async () => {
    const { events } = await collect(['a\n', 'b', '\n\n'], ['\n\n']);
    expect(events.map((event) => (event.type === 'token' ? event.text : 'end'))).toEqual([
      'a',
      '\nb',
      '',
      'end',
    ]);
  });

  it('tells the engine to stop and still says what was used', async () => {
    const result = await collect(['a', 'stop', 'b', 'c'], ['stop']);
    expect(result.said()).toBe(2);
    expect(result.end).toEqual({ ...endOf('stop', 2) });
  });

  it('gives what cutting the whole text would give', async () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 4 });
    const stops = fc.array(
      letters.filter((text) => text !== ''),
      { minLength: 1, maxLength: 3 },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(letters, { maxLength: 12 }), stops, async (pieces, stop) => {
        const whole = pieces.join('');
        const cuts = stop.map((text) => whole.indexOf(text)).filter((at) => at >= 0);
        const { text } = await collect(pieces, stop);
        // A stop text is seen when its end is there: a longer one that began earlier may come to its end later.
        if (cuts.length === 0) expect(text).toBe(whole);
        else {
          expect(whole.startsWith(text)).toBe(true);
          expect(stop.some((candidate) => whole.startsWith(candidate, text.length))).toBe(true);
          expect(stop.some((candidate) => text.includes(candidate))).toBe(false);
        }
      }),
    );
  });
});
