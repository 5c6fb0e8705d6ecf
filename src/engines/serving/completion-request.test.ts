import { describe, expect, it } from 'vitest';
import { MODEL, scripted } from './__fixtures__/serving.ts';
import type { CompletionKind } from './completion-request.ts';
import { modelOf, parseCompletion, textOfInput } from './completion-request.ts';
import { DIALECTS } from './dialects/index.ts';
import type { TokenEngine } from './token-engine.ts';
import { EngineRefusal } from './token-engine.ts';

const silent = async function* () {
  yield* [];
};

/** A context of 100 tokens; a character is a token. */
const anEngine = (changes: Partial<TokenEngine> = {}) =>
  scripted(silent, { maxModelTokens: 100, ...changes });

const parse = (body: object, kind: CompletionKind = 'completion', dialect: keyof typeof DIALECTS = 'vllm') =>
  parseCompletion(kind, { prompt: 'ten tokens', ...body }, anEngine(), DIALECTS[dialect]);

const parseChat = (body: object) => parse({ messages: [{ role: 'user', content: 'x' }], ...body }, 'chat');

/** Tokens of the chat's template around the one token of its content. */
const CHAT_TOKENS = '<|im_start|>user\nx<|im_end|>\n<|im_start|>assistant\n'.length;

describe('what a request leaves out', () => {
  it('is filled in for a text completion', () => {
    expect(parse({})).toEqual({
      kind: 'completion',
      model: MODEL,
      promptText: 'ten tokens',
      maxTokens: 16,
      temperature: 1,
      stop: [],
      ignoreEos: false,
      stream: false,
      includeUsage: false,
    });
  });

  it('is filled in for a chat, which may go on to the end of the context', () => {
    expect(parseChat({})).toMatchObject({ kind: 'chat', maxTokens: 100 - CHAT_TOKENS });
  });
});

describe('how many tokens may be generated', () => {
  it.each([
    [{ max_tokens: 5 }, 5],
    [{ max_completion_tokens: 7 }, 7],
    [{ max_completion_tokens: 7, max_tokens: 5 }, 7],
    [{ max_tokens: 90 }, 90],
  ])('%j: %d', (body, maxTokens) => {
    expect(parse(body).maxTokens).toBe(maxTokens);
  });

  it('is what is left of the context where nothing else was asked for', () => {
    expect(parse({ prompt: 'x'.repeat(95) }).maxTokens).toBe(5);
  });

  it.each([
    [
      'one more than the context has',
      { max_tokens: 91 },
      '101 tokens (10 in the messages, 91 in the completion)',
    ],
    [
      'any beside a prompt that fills the context',
      { prompt: 'x'.repeat(100) },
      '100 tokens (100 in the messages, 0 in the completion)',
    ],
  ])('cannot be %s', (_, body, message) => {
    expect(() => parse(body)).toThrow(message);
    expect(() => parse(body)).toThrow(
      expect.objectContaining({ status: 400, code: 'context_length_exceeded' }),
    );
  });

  it('is cut to fit by llama.cpp, but not for a prompt that fills the context', () => {
    expect(parse({ max_tokens: 91 }, 'completion', 'llamacpp').maxTokens).toBe(90);
    expect(() => parse({ prompt: 'x'.repeat(100) }, 'completion', 'llamacpp')).toThrow(
      /maximum context length is 100/,
    );
  });
});

describe('stop texts', () => {
  it.each([
    ['x', ['x']],
    [
      ['x', 'y'],
      ['x', 'y'],
    ],
    [['', 'y'], ['y']],
    [[], []],
    [null, []],
  ])('%j are %j', (stop, expected) => {
    expect(parse({ stop }).stop).toEqual(expected);
  });

  it.each([5, {}, ['x', 5]])('cannot be %j', (stop) => {
    expect(() => parse({ stop })).toThrow(/'stop' must be a string or an array of strings/);
  });
});

describe('streaming', () => {
  it.each([
    [{ stream: true }, true, false],
    [{ stream: true, stream_options: { include_usage: true } }, true, true],
    [{ stream: true, stream_options: { include_usage: false } }, true, false],
    [{ stream: true, stream_options: null }, true, false],
    [{ stream: false }, false, false],
  ])('%j', (body, stream, includeUsage) => {
    expect(parse(body)).toMatchObject({ stream, includeUsage });
  });
});

describe('sampling', () => {
  it.each([
    [{ temperature: 0 }, { temperature: 0 }],
    [{ temperature: 2 }, { temperature: 2 }],
    [{ seed: -5 }, { seed: -5 }],
    [{ ignore_eos: true }, { ignoreEos: true }],
  ])('%j', (body, expected) => {
    expect(parse(body)).toMatchObject(expected);
  });

  it.each([
    { temperature: -0.1 },
    { temperature: '1' },
    { seed: 0.5 },
    { ignore_eos: 1 },
    { n: 0 },
    { n: '1' },
  ])('%j is refused', (body) => {
    expect(() => parse(body)).toThrow(EngineRefusal);
  });
});

describe('the model', () => {
  const engine = anEngine({ modelNames: ['first', 'second'] });

  it.each([
    [undefined, 'first'],
    [null, 'first'],
    ['', 'first'],
    ['second', 'second'],
  ])('%j is %s', (model, expected) => {
    expect(modelOf({ model }, engine)).toBe(expected);
  });

  it('that is not served is not found', () => {
    expect(() => modelOf({ model: 'third' }, engine)).toThrow(
      expect.objectContaining({ status: 404, code: 'model_not_found' }),
    );
  });
});

describe('the text of an input', () => {
  const engine = anEngine({ detokenize: (ids) => ids.join('-') });

  it.each([
    ['hello', 'hello'],
    [[1, 2], '1-2'],
  ])('%j is %j', (input, expected) => {
    expect(textOfInput('prompt', input, engine)).toBe(expected);
  });

  it.each([[undefined], [''], [[]], [[1.5]], [['a']], [{}], [7]])('%j is none', (input) => {
    expect(() => textOfInput('prompt', input, engine)).toThrow(
      /'prompt' must be a non-empty string or an array of token ids/,
    );
  });

  it('shows no more of a wrong value than helps', () => {
    expect(() => textOfInput('prompt', ['x'.repeat(10_000)], engine)).toThrow(/^.{0,200}$/);
  });
});
