import { describe, expect, it } from 'vitest';
import type { RequestKind } from '../../../domain/index.ts';
import { readJsonBody } from './json-body.ts';
import { DEFAULT_TOKEN_ESTIMATE } from './prompt-tokens.ts';

const OPTIONS = { estimate: DEFAULT_TOKEN_ESTIMATE };
const HELLO = [{ role: 'user', content: 'Hello' }];

describe('the prompt as text', () => {
  const textOf = (body: object, kind: RequestKind = 'chat', promptTextChars = 1000) =>
    readJsonBody(Buffer.from(JSON.stringify(body)), kind, { ...OPTIONS, promptTextChars }).promptText;

  it.each<[RequestKind, object, string]>([
    [
      'chat',
      { messages: [{ role: 'system', content: 'Be kind.' }, ...HELLO] },
      'system: Be kind.\nuser: Hello',
    ],
    [
      'chat',
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'a' },
              { type: 'text', text: 'b' },
            ],
          },
        ],
      },
      'user: a\nb',
    ],
    ['completion', { prompt: 'Once upon' }, 'Once upon'],
    ['completion', { prompt: ['a', 'b'] }, 'a\nb'],
    ['completion', { prompt: [1, 2] }, '1\n2'],
    ['embedding', { input: 'text' }, 'text'],
    ['other', { system: 'S', messages: HELLO }, 'Suser: Hello'],
  ])('of a %s %j is %j', (kind, fields, text) => {
    expect(textOf({ model: 'm', ...fields }, kind)).toBe(text);
  });

  it('does not depend on how the JSON is written', () => {
    const body = { model: 'm', messages: [{ role: 'user', content: 'é\n"q"' }] };
    const spaced = Buffer.from(JSON.stringify(body, null, 2).replace('é', '\\u00e9'));
    expect(readJsonBody(spaced, 'chat', { ...OPTIONS, promptTextChars: 99 }).promptText).toBe(textOf(body));
  });

  it('tells two images and two tool calls apart', () => {
    const withPart = (part: object) => textOf({ model: 'm', messages: [{ role: 'user', content: [part] }] });
    expect(withPart({ type: 'image_url', image_url: { url: 'a' } })).not.toBe(
      withPart({ type: 'image_url', image_url: { url: 'b' } }),
    );
    const withCall = (id: string) =>
      textOf({ model: 'm', messages: [{ role: 'assistant', content: null, tool_calls: [{ id }] }] });
    expect(withCall('a')).not.toBe(withCall('b'));
  });

  it('is cut off where the option says, and absent at 0', () => {
    const body = { model: 'm', messages: [{ role: 'user', content: 'x'.repeat(5000) }] };
    expect(textOf(body, 'chat', 100)).toHaveLength(100);
    expect(textOf(body, 'chat', 0)).toBeUndefined();
  });
});
