import { describe, expect, it } from 'vitest';
import { promptOfMessages, readMessages } from './chat-template.ts';
import { EngineRefusal } from './token-engine.ts';

describe('reading messages', () => {
  it.each([
    ['a text', 'hello', 'hello'],
    ['nothing', null, ''],
    [
      'text parts',
      [
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
      ],
      'ab',
    ],
    [
      'a picture, by its address',
      [{ type: 'image_url', image_url: { url: 'x' } }],
      '{"type":"image_url","image_url":{"url":"x"}}',
    ],
  ])('takes %s for a content', (_, content, expected) => {
    expect(readMessages([{ role: 'user', content }])).toEqual([{ role: 'user', content: expected }]);
  });

  it('takes tool calls along', () => {
    const message = { role: 'assistant', content: null, tool_calls: [{ id: '1' }] };
    expect(readMessages([message])[0]!.content).toBe('[{"id":"1"}]');
  });

  it.each([
    ['nothing', undefined],
    ['an object', {}],
    ['an empty list', []],
    ['a text in the list', ['hi']],
    ['a message without role', [{ content: 'x' }]],
    ['a role that is a number', [{ role: 1, content: 'x' }]],
    ['a content that is an object', [{ role: 'user', content: {} }]],
    ['a part that is null', [{ role: 'user', content: [null] }]],
  ])('refuses %s', (_, messages) => {
    expect(() => readMessages(messages)).toThrow(EngineRefusal);
  });

  it('says which message is wrong', () => {
    const good = { role: 'user', content: 'x' };
    expect(() => readMessages([good, good, { role: 'user', content: 5 }])).toThrow('messages[2].content');
  });
});

describe('the prompt of a chat', () => {
  it('ends where the assistant is to speak', () => {
    expect(promptOfMessages([{ role: 'user', content: 'hi' }])).toBe(
      '<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n',
    );
  });

  it('of the next turn begins with that of the turn before and its answer, so that both are cached', () => {
    const turn = [{ role: 'user', content: 'one' }];
    const next = [...turn, { role: 'assistant', content: 'two' }, { role: 'user', content: 'three' }];
    expect(promptOfMessages(next).startsWith(`${promptOfMessages(turn)}two`)).toBe(true);
  });
});
