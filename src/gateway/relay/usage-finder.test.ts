import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageFinder } from './usage-finder.ts';

function find(...chunks: string[]) {
  const finder = new UsageFinder();
  for (const chunk of chunks) finder.push(Buffer.from(chunk));
  return finder.usage();
}

describe('UsageFinder', () => {
  it('reads the usage of chat and completions', () => {
    const usage = { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 };
    expect(find(JSON.stringify({ id: 'x', usage }))).toEqual({ promptTokens: 10, outputTokens: 20 });
  });

  it('reads how much of the prompt was cached', () => {
    const usage = { prompt_tokens: 10, prompt_tokens_details: { cached_tokens: 8 }, completion_tokens: 1 };
    expect(find(JSON.stringify({ usage }))).toEqual({ promptTokens: 10, cachedTokens: 8, outputTokens: 1 });
  });

  it('reads the names of the responses and messages APIs', () => {
    const responses = { input_tokens: 5, input_tokens_details: { cached_tokens: 2 }, output_tokens: 6 };
    expect(find(JSON.stringify({ usage: responses }))).toEqual({
      promptTokens: 5,
      cachedTokens: 2,
      outputTokens: 6,
    });
    const messages = { input_tokens: 5, cache_read_input_tokens: 3, output_tokens: 6 };
    expect(find(JSON.stringify({ usage: messages }))).toMatchObject({ cachedTokens: 3 });
  });

  it('takes the last usage of a stream', () => {
    const frame = (count: number) => `data: {"usage":{"prompt_tokens":4,"completion_tokens":${count}}}\n\n`;
    expect(find(frame(1), frame(2), frame(3), 'data: [DONE]\n\n')).toEqual({
      promptTokens: 4,
      outputTokens: 3,
    });
  });

  it('is not confused by a usage of null, as OpenAI sends it with every token', () => {
    const last = 'data: {"choices":[],"usage":{"prompt_tokens":4,"completion_tokens":2}}\n\n';
    expect(find('data: {"usage":null}\n\n', last, 'data: {"usage":null}\n\n')).toEqual({
      promptTokens: 4,
      outputTokens: 2,
    });
  });

  it('is not confused by the word in an answer’s text', () => {
    const text = JSON.stringify({ content: '"usage":{"prompt_tokens":99}', usage: { prompt_tokens: 1 } });
    expect(find(text)).toEqual({ promptTokens: 1 });
    expect(find(JSON.stringify({ content: '"usage":{"prompt_tokens":99}' }))).toEqual({});
  });

  it.each([
    ['nothing', ''],
    ['an answer without usage', '{"id":"x"}'],
    ['a usage that is no object', '{"usage":7}'],
    ['a usage that breaks off', '{"usage":{"prompt_tokens":'],
    ['a usage that is no JSON', '{"usage":{prompt_tokens}}'],
    ['counts that are no numbers', '{"usage":{"prompt_tokens":"7","completion_tokens":-1}}'],
    ['a usage that is endless', `{"usage":{"x":"${'y'.repeat(100_000)}"}}`],
  ])('finds nothing in %s', (_, text) => {
    expect(find(text)).toEqual({});
  });

  it('reads spaced JSON', () => {
    expect(find('{"usage" : {\n "prompt_tokens" : 3 } }')).toEqual({ promptTokens: 3 });
  });

  it('finds the same however the bytes are cut', () => {
    const usage = { prompt_tokens: 11, completion_tokens: 22, prompt_tokens_details: { cached_tokens: 3 } };
    const bytes = Buffer.from(JSON.stringify({ before: 'é"usage', usage, after: { a: ['}'] } }));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 60 }), (lengths) => {
        const finder = new UsageFinder();
        let at = 0;
        for (const length of lengths) {
          finder.push(bytes.subarray(at, at + length));
          at += length;
        }
        finder.push(bytes.subarray(at));
        expect(finder.usage()).toEqual({ promptTokens: 11, cachedTokens: 3, outputTokens: 22 });
      }),
    );
  });
});
