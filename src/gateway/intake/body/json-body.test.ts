import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RequestKind, SignalboxError } from '../../../domain/index.ts';
import { refusalOf } from '../__fixtures__/refusal-of.ts';
import { readJsonBody } from './json-body.ts';
import { DEFAULT_TOKEN_ESTIMATE } from './prompt-tokens.ts';

const OPTIONS = { estimate: DEFAULT_TOKEN_ESTIMATE, promptTextChars: 0 };
const HELLO = [{ role: 'user', content: 'Hello' }];

const readText = (text: string | Uint8Array, kind: RequestKind = 'chat') =>
  readJsonBody(typeof text === 'string' ? Buffer.from(text) : text, kind, OPTIONS);

const read = (body: object, kind: RequestKind = 'chat') => readText(JSON.stringify(body), kind);

describe('a chat', () => {
  it('tells what scheduling needs', () => {
    const body = {
      model: 'llama',
      messages: HELLO,
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 64,
      user: 'u-1',
      priority: -3,
      unknown: { anything: [1, 2] },
    };
    expect(read(body)).toMatchObject({
      model: 'llama',
      stream: true,
      wantsUsage: true,
      maxTokens: 64,
      user: 'u-1',
      enginePriority: -3,
      promptTokensEstimated: true,
    });
  });

  it('is not streamed, unbounded and of nobody when nothing is said, or said to be null', () => {
    const silent = read({ model: 'm', messages: HELLO });
    const nulls = {
      stream: null,
      stream_options: null,
      max_tokens: null,
      max_completion_tokens: null,
      user: null,
      priority: null,
    };
    expect(silent).toMatchObject({ stream: false, wantsUsage: false });
    for (const name of ['maxTokens', 'user', 'enginePriority', 'promptText'])
      expect(silent).not.toHaveProperty(name);
    const { modelPlace, ...rest } = read({ model: 'm', messages: HELLO, ...nulls });
    expect(silent).toMatchObject(rest);
    expect(modelPlace.start).toBe(silent.modelPlace.start);
  });

  it.each([
    [{ max_completion_tokens: 5, max_tokens: 9 }, 5],
    [{ max_tokens: 9 }, 9],
    [{ max_tokens: 0 }, 0],
    [{ max_tokens: 1e2 }, 100],
  ])('is bounded by %j to %d', (fields, maxTokens) => {
    expect(read({ model: 'm', messages: HELLO, ...fields }).maxTokens).toBe(maxTokens);
  });

  it.each([
    ['u'.repeat(256), 'u'.repeat(256)],
    ['u'.repeat(257), undefined],
    ['', ''],
  ])('names its user in at most 256 characters', (user, kept) => {
    expect(read({ model: 'm', messages: HELLO, user }).user).toBe(kept);
  });

  it.each([
    [{ include_usage: true }, true],
    [{ include_usage: false }, false],
    [{ include_usage: 'yes' }, false],
    [{}, false],
    ['include_usage', false],
    [null, false],
    [{ include_usage: true, padding: 'x'.repeat(5000) }, false],
  ])('with stream_options %j wants usage: %s', (stream_options, wantsUsage) => {
    expect(read({ model: 'm', messages: HELLO, stream_options }).wantsUsage).toBe(wantsUsage);
  });
});

describe('fields that are wrong', () => {
  const good = { model: 'm', messages: HELLO };

  it.each<[string, object, string, string]>([
    ['missing_field', { messages: HELLO }, 'model', "'model' is missing: it must be a model's name."],
    ['missing_field', { ...good, model: null }, 'model', "'model' is missing: it must be a model's name."],
    ['missing_field', { ...good, model: '' }, 'model', "'model' is empty."],
    ['invalid_value', { ...good, model: 5 }, 'model', "'model' must be a string; found 5."],
    ['invalid_value', { ...good, model: ['m'] }, 'model', "'model' must be a string; found an array."],
    [
      'missing_field',
      { model: 'm' },
      'messages',
      "'messages' is missing: it must be an array of at least one message.",
    ],
    [
      'missing_field',
      { ...good, messages: null },
      'messages',
      "'messages' is missing: it must be an array of at least one message.",
    ],
    [
      'missing_field',
      { ...good, messages: [] },
      'messages',
      "'messages' is empty: it must be an array of at least one message.",
    ],
    [
      'invalid_value',
      { ...good, messages: 'Hello' },
      'messages',
      `'messages' must be an array of at least one message; found "Hello".`,
    ],
    [
      'invalid_value',
      { ...good, messages: HELLO[0]! },
      'messages',
      "'messages' must be an array of at least one message; found an object.",
    ],
    ['invalid_value', { ...good, stream: 'yes' }, 'stream', `'stream' must be true or false; found "yes".`],
    ['invalid_value', { ...good, stream: 1 }, 'stream', "'stream' must be true or false; found 1."],
    ['invalid_value', { ...good, stream: [] }, 'stream', "'stream' must be true or false; found an array."],
    [
      'invalid_value',
      { ...good, stream: { a: 1 } },
      'stream',
      "'stream' must be true or false; found an object.",
    ],
    [
      'invalid_value',
      { ...good, max_tokens: -5 },
      'max_tokens',
      "'max_tokens' must be a whole number of at least 0; found -5.",
    ],
    [
      'invalid_value',
      { ...good, max_tokens: 1.5 },
      'max_tokens',
      "'max_tokens' must be a whole number of at least 0; found 1.5.",
    ],
    [
      'invalid_value',
      { ...good, max_tokens: '9' },
      'max_tokens',
      `'max_tokens' must be a whole number of at least 0; found "9".`,
    ],
    [
      'invalid_value',
      { ...good, max_tokens: 1e300 },
      'max_tokens',
      "'max_tokens' must be a whole number of at least 0; found 1e+300.",
    ],
    [
      'invalid_value',
      { ...good, max_completion_tokens: true },
      'max_completion_tokens',
      "'max_completion_tokens' must be a whole number of at least 0; found true.",
    ],
    [
      'invalid_value',
      { ...good, max_completion_tokens: 5, max_tokens: -1 },
      'max_tokens',
      "'max_tokens' must be a whole number of at least 0; found -1.",
    ],
    ['invalid_value', { ...good, user: 7 }, 'user', "'user' must be a string; found 7."],
    [
      'invalid_value',
      { ...good, priority: 'high' },
      'priority',
      `'priority' must be a whole number; found "high".`,
    ],
    [
      'invalid_value',
      { ...good, priority: 0.5 },
      'priority',
      "'priority' must be a whole number; found 0.5.",
    ],
  ])('%s for %j', (code, body, param, message) => {
    const error = refusalOf(() => read(body));
    expect({ code: error.code, status: error.status, param: error.param, message: error.message }).toEqual({
      code,
      status: 400,
      param,
      message,
    });
  });

  it.each<[RequestKind, object, string | undefined]>([
    ['completion', { prompt: 'Once' }, undefined],
    ['completion', { prompt: '' }, undefined],
    ['completion', { prompt: ['a', 'b'] }, undefined],
    ['completion', { prompt_embeds: 'AAAA' }, undefined],
    ['completion', {}, 'prompt'],
    ['completion', { prompt: [] }, 'prompt'],
    ['completion', { prompt: 5 }, 'prompt'],
    ['embedding', { input: 'text' }, undefined],
    ['embedding', { input: [1, 2] }, undefined],
    ['embedding', { messages: HELLO }, undefined],
    ['embedding', {}, 'input'],
    ['embedding', { input: [] }, 'input'],
    ['embedding', { input: { a: 1 } }, 'input'],
    ['other', {}, undefined],
    ['other', { messages: 'whatever', stream: 'sse', max_tokens: -1, priority: 'high', user: {} }, undefined],
  ])('%s with %j has a wrong %s', (kind, fields, param) => {
    const action = () => read({ model: 'm', ...fields }, kind);
    if (param === undefined) expect(action()).toMatchObject({ model: 'm' });
    else expect(refusalOf(action).param).toBe(param);
  });

  it('does not repeat a long value whole', () => {
    const error = refusalOf(() => read({ ...good, stream: 'x'.repeat(1_000_000) }));
    expect(error.message.length).toBeLessThan(120);
  });

  it('needs a model of any call that is passed through', () => {
    expect(refusalOf(() => read({ input: 'x' }, 'other')).param).toBe('model');
  });
});

describe('bodies that are no JSON', () => {
  it.each([
    ['', 'invalid_json', 'The body is empty; it must be a JSON object.'],
    [
      '{"model":"m",}',
      'invalid_json',
      "The body is not JSON: found '}' where a key in double quotes should be, at line 1, column 14 (byte 13).",
    ],
    [
      '{\n  "model": "m"\n  "stream": true\n}',
      'invalid_json',
      "The body is not JSON: found '\"' where ',' or '}' should be, at line 3, column 3 (byte 19).",
    ],
    [
      'model=m',
      'invalid_json',
      "The body is not JSON: found 'm' where a value should be, at line 1, column 1 (byte 0).",
    ],
    [
      '{"model":"m"',
      'invalid_json',
      "The body is not JSON: found the end where ',' or '}' should be, at line 1, column 13 (byte 12).",
    ],
    ['[]', 'invalid_request', 'The body must be a JSON object; found another JSON value.'],
    ['"model"', 'invalid_request', 'The body must be a JSON object; found another JSON value.'],
    [
      `{"model":"m","messages":${'['.repeat(200)}${']'.repeat(200)}}`,
      'invalid_json',
      'The body is not JSON: it is nested more than 128 levels deep, at line 1, column 152 (byte 151).',
    ],
  ])('%j', (text, code, message) => {
    const error = refusalOf(() => readText(text));
    expect({ code: error.code, status: error.status, message: error.message }).toEqual({
      code,
      status: 400,
      message,
    });
  });

  it('says where UTF-8 is broken', () => {
    const body = Buffer.from('{"model":"m",\n"user":"\xff"}', 'latin1');
    const error = refusalOf(() => readText(body));
    expect(error).toMatchObject({
      code: 'invalid_json',
      message: 'The body is not JSON: found a byte that is not UTF-8, at line 2, column 9 (byte 22).',
    });
  });

  it('never fails otherwise than with an answer of 400, for any bytes and any JSON', () => {
    const kind = fc.constantFrom<RequestKind>('chat', 'completion', 'embedding', 'other');
    const bytes = fc.oneof(
      fc.uint8Array(),
      fc.json().map((text) => Buffer.from(text)),
      fc
        .dictionary(
          fc.constantFrom('model', 'messages', 'prompt', 'input', 'stream', 'max_tokens', 'user', 'tools'),
          fc.jsonValue(),
        )
        .map((value) => Buffer.from(JSON.stringify(value))),
    );
    fc.assert(
      fc.property(kind, bytes, (anyKind, body) => {
        try {
          const facts = readJsonBody(body, anyKind, { ...OPTIONS, promptTextChars: 50 });
          expect(facts.model).not.toBe('');
          expect(Number.isSafeInteger(facts.promptTokens) && facts.promptTokens >= 1).toBe(true);
          expect(facts.promptText?.length).toBeLessThanOrEqual(50);
        } catch (error) {
          expect(error).toBeInstanceOf(SignalboxError);
          expect((error as SignalboxError).status).toBe(400);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('how long the prompt is', () => {
  it.each<[string, RequestKind, object, number]>([
    ['a message of 400 bytes', 'chat', { messages: [{ role: 'user', content: 'x'.repeat(396) }] }, 103],
    [
      'two messages',
      'chat',
      {
        messages: [
          { role: 'user', content: 'x'.repeat(396) },
          { role: 'user', content: 'y'.repeat(396) },
        ],
      },
      206,
    ],
    ['a prompt of 40 bytes', 'completion', { prompt: 'x'.repeat(40) }, 10],
    ['a prompt of 10 Chinese characters', 'completion', { prompt: '漢'.repeat(10) }, 8],
    ['two prompts', 'completion', { prompt: ['x'.repeat(40), 'y'.repeat(40)] }, 20],
    ['an empty prompt', 'completion', { prompt: '' }, 1],
    ['an input', 'embedding', { input: 'x'.repeat(100) }, 25],
    [
      'system and messages',
      'other',
      { system: 'x'.repeat(40), messages: [{ role: 'user', content: 'y'.repeat(36) }] },
      23,
    ],
    ['query and documents', 'other', { query: 'x'.repeat(40), documents: ['y'.repeat(40)] }, 20],
    ['no prompt that we know', 'other', { something: 'x'.repeat(4000) }, 1],
  ])('%s', (_, kind, fields, tokens) => {
    expect(read({ model: 'm', ...fields }, kind)).toMatchObject({
      promptTokens: tokens,
      promptTokensEstimated: true,
    });
  });

  it.each<[RequestKind, object, number]>([
    ['completion', { prompt: [1, 2, 3] }, 3],
    ['completion', { prompt: [[1, 2], [3]] }, 3],
    ['embedding', { input: [5] }, 1],
  ])('a %s of token ids %j is counted: %d', (kind, fields, tokens) => {
    expect(read({ model: 'm', ...fields }, kind)).toMatchObject({
      promptTokens: tokens,
      promptTokensEstimated: false,
    });
  });

  it('takes an image for a constant, however large it is', () => {
    const withImage = (bytes: number) => [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(bytes)}` } },
        ],
      },
    ];
    const small = read({ model: 'm', messages: withImage(10) }).promptTokens;
    expect(read({ model: 'm', messages: withImage(500_000) }).promptTokens).toBe(small);
    expect(small).toBeGreaterThan(576);
    expect(small).toBeLessThan(600);
  });

  it('counts tools as they are printed', () => {
    const tools = [
      { type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } },
    ];
    const without = read({ model: 'm', messages: HELLO }).promptTokens;
    const added = read({ model: 'm', messages: HELLO, tools }).promptTokens - without;
    expect(Math.abs(added - JSON.stringify(tools).length / 4)).toBeLessThanOrEqual(1);
  });

  it('never shrinks when text is added', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (text, more) => {
        const tokens = (content: string) =>
          read({ model: 'm', messages: [{ role: 'user', content }] }).promptTokens;
        expect(tokens(text + more)).toBeGreaterThanOrEqual(tokens(text));
      }),
    );
  });
});
