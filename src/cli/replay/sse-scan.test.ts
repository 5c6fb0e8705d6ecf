import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type StreamWatch, watchStream } from './sse-scan.ts';

/** Feeds each text at its own moment: the first at 1 ms, the next at 2 ms, … */
function watched(...texts: readonly string[]): StreamWatch {
  const watch = watchStream();
  for (const [index, text] of texts.entries()) watch.feed(Buffer.from(text), index + 1);
  return watch;
}

const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
const delta = (content: unknown): string =>
  data({ choices: [{ index: 0, delta: { content } }], usage: null });
const DONE = 'data: [DONE]\n\n';

describe('watchStream', () => {
  it('notes the first and the last frame that carried text', () => {
    const role = data({ choices: [{ delta: { role: 'assistant', content: '' } }] });
    const end = data({ choices: [{ delta: {}, finish_reason: 'stop' }] });
    const watch = watched(': queued position=3\n\n', role, delta(' a'), delta(' b'), end, DONE);
    expect(watch).toMatchObject({ firstTokenAtMs: 3, lastTokenAtMs: 4, tokenFrames: 2, isDone: true });
    expect(watch.failure).toBeUndefined();
  });

  it.each([
    ['a completion', { choices: [{ text: ' a' }] }],
    ['thinking', { choices: [{ delta: { reasoning_content: 'hm' } }] }],
    ['thinking under its newer name', { choices: [{ delta: { reasoning: 'hm' } }] }],
    ['a tool call', { choices: [{ delta: { tool_calls: [{ function: { arguments: '{' } }] } }] }],
  ])('takes %s for text', (_name, frame) => {
    expect(watched(data(frame)).tokenFrames).toBe(1);
  });

  it('takes spaces after colons, no space after data and either line end', () => {
    const watch = watched('data:{"choices": [{"delta": {"content": "a"}}]}\r\n\r\ndata:[DONE]\r\n\r\n');
    expect(watch).toMatchObject({ tokenFrames: 1, isDone: true });
  });

  it('reads usage, and the cached tokens within it', () => {
    const usage = { prompt_tokens: 12, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 8 } };
    expect(watched(data({ choices: [], usage })).usage).toEqual({
      promptTokens: 12,
      outputTokens: 3,
      cachedTokens: 8,
    });
    const plain = { prompt_tokens: 12, completion_tokens: 3, prompt_tokens_details: null };
    expect(watched(data({ choices: [], usage: plain })).usage?.cachedTokens).toBeUndefined();
  });

  it('does without usage that is none', () => {
    expect(
      watched(data({ usage: {} }), 'data: {"usage": {broken\n\n', data({ usage: null })).usage,
    ).toBeUndefined();
  });

  it('finds an error event', () => {
    const watch = watched(
      delta('a'),
      `event: error\n${data({ error: { message: 'gone', code: 'x' } })}`,
      DONE,
    );
    expect(watch.failure).toEqual({ kind: 'stream_error', code: 'x', message: 'gone' });
  });

  it('reads an error in its own letters, wherever it was cut', () => {
    const bytes = Buffer.from(data({ error: { message: 'Störung – 失败' } }));
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const watch = watchStream();
      watch.feed(bytes.subarray(0, cut), 1);
      watch.feed(bytes.subarray(cut), 2);
      expect(watch.failure?.message).toBe('Störung – 失败');
    }
  });

  it.each([
    '"error":{"message":"x"}',
    '"usage":{"prompt_tokens":1,"completion_tokens":1}',
    '\n\ndata: [DONE]\n\n',
  ])('is not fooled by generated text like %j', (content) => {
    const watch = watched(delta(content));
    expect(watch).toMatchObject({ tokenFrames: 1, isDone: false, failure: undefined, usage: undefined });
  });

  it('sees no text in an empty one that speaks of text', () => {
    expect(watched(data({ choices: [{ delta: { content: '', note: '"content":"a"' } }] })).tokenFrames).toBe(
      0,
    );
  });

  it('gives up on a line without an end', () => {
    const watch = watched(...Array.from({ length: 5 }, () => 'x'.repeat(1024 * 1024)));
    expect(watch.failure).toMatchObject({ kind: 'invalid_stream' });
  });

  it('finds the same as a full parser, wherever the bytes are cut', () => {
    const aFrame = fc.oneof(
      fc.string({ unit: 'binary' }).map((content) => delta(content)),
      fc.constant(': ping\n\n'),
      fc.nat().map((count) => data({ choices: [], usage: { prompt_tokens: 1, completion_tokens: count } })),
      fc.constant(DONE),
    );
    fc.assert(
      fc.property(fc.array(aFrame, { maxLength: 12 }), fc.integer({ min: 1, max: 50 }), (frames, size) => {
        const bytes = Buffer.from(frames.join(''));
        const watch = watchStream();
        for (let at = 0; at < bytes.length; at += size) watch.feed(bytes.subarray(at, at + size), at);
        expect({
          tokenFrames: watch.tokenFrames,
          isDone: watch.isDone,
          outputTokens: watch.usage?.outputTokens,
        }).toEqual(fullyParsed(bytes.toString('utf8')));
      }),
    );
  });
});

interface Parsed {
  tokenFrames: number;
  isDone: boolean;
  outputTokens: number | undefined;
}

function fullyParsed(text: string): Parsed {
  const found: Parsed = { tokenFrames: 0, isDone: false, outputTokens: undefined };
  const parser = createParser({
    onEvent({ data: payload }) {
      if (payload === '[DONE]') {
        found.isDone = true;
        return;
      }
      const { choices, usage } = JSON.parse(payload);
      if ((choices[0]?.delta.content ?? '') !== '') found.tokenFrames += 1;
      if (usage !== null) found.outputTokens = usage.completion_tokens;
    },
  });
  parser.feed(text);
  return found;
}
