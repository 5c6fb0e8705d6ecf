import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endOf } from './__fixtures__/serving.ts';
import type { EndEvent } from './completion-format.ts';
import { errorFrame, frameWriter, wholeAnswer } from './completion-format.ts';

const chat = { kind: 'chat', id: 'chatcmpl-1', model: 'm"1', created: 1234 } as const;
const text = { kind: 'completion', id: 'cmpl-1', model: 'm"1', created: 1234 } as const;
const end = endOf('stop', 5) as EndEvent;

/** What stands behind `data: ` in the one frame. */
function dataOf(frame: string): unknown {
  const match = /^data: ([^\n]*)\n\n$/.exec(frame);
  if (match === null) throw new Error(`not one frame: ${frame}`);
  return JSON.parse(match[1]!);
}

const USAGE = {
  prompt_tokens: 7,
  completion_tokens: 5,
  total_tokens: 12,
  prompt_tokens_details: { cached_tokens: 3 },
};

describe('the frames of a stream', () => {
  it('of a chat', () => {
    const frames = frameWriter(chat);
    const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1234, model: 'm"1' };
    const choice = (delta: object, finish_reason: string | null) => ({
      ...head,
      choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    });
    expect(dataOf(frames.opening)).toEqual(choice({ role: 'assistant', content: '' }, null));
    expect(dataOf(frames.token('hi'))).toEqual(choice({ content: 'hi' }, null));
    expect(dataOf(frames.end('length'))).toEqual(choice({}, 'length'));
    expect(dataOf(frames.usage(end))).toEqual({ ...head, choices: [], usage: USAGE });
  });

  it('of a text completion', () => {
    const frames = frameWriter(text);
    const head = { id: 'cmpl-1', object: 'text_completion', created: 1234, model: 'm"1' };
    const choice = (said: string, finish_reason: string | null) => ({
      ...head,
      choices: [{ index: 0, text: said, logprobs: null, finish_reason }],
    });
    expect(frames.opening).toBe('');
    expect(dataOf(frames.token('hi'))).toEqual(choice('hi', null));
    expect(dataOf(frames.end('stop'))).toEqual(choice('', 'stop'));
    expect(dataOf(frames.usage(end))).toEqual({ ...head, choices: [], usage: USAGE });
  });

  it('carry any text unharmed on one line', () => {
    const frames = frameWriter(chat);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (said) => {
        expect(dataOf(frames.token(said))).toMatchObject({ choices: [{ delta: { content: said } }] });
      }),
    );
  });

  it('of an error hold its body and nothing else', () => {
    expect(dataOf(errorFrame({ error: { message: 'a\nb' } }))).toEqual({ error: { message: 'a\nb' } });
  });
});

describe('a whole answer', () => {
  it('to a chat', () => {
    expect(wholeAnswer(chat, 'hello', end)).toEqual({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1234,
      model: 'm"1',
      choices: [
        { index: 0, message: { role: 'assistant', content: 'hello' }, logprobs: null, finish_reason: 'stop' },
      ],
      usage: USAGE,
    });
  });

  it('to a text completion', () => {
    expect(wholeAnswer(text, 'hello', end)).toMatchObject({
      object: 'text_completion',
      choices: [{ index: 0, text: 'hello', finish_reason: 'stop' }],
    });
  });
});
