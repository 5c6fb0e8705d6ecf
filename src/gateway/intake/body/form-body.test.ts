import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SignalboxError } from '../../../domain/index.ts';
import { refusalOf } from '../__fixtures__/refusal-of.ts';
import { withModel } from './body-facts.ts';
import { readFormBody } from './form-body.ts';
import { DEFAULT_TOKEN_ESTIMATE } from './prompt-tokens.ts';

interface Part {
  readonly headers: string;
  readonly content: string | Uint8Array;
}

const field = (name: string, content: string): Part => ({
  headers: `Content-Disposition: form-data; name="${name}"`,
  content,
});

const file = (content: string | Uint8Array, filename = 'a.wav'): Part => ({
  headers: `Content-Disposition: form-data; name="file"; filename="${filename}"\r\nContent-Type: audio/wav`,
  content,
});

function form(parts: readonly Part[], boundary = 'XX'): Buffer {
  const pieces = parts.flatMap(({ headers, content }) => [
    Buffer.from(`--${boundary}\r\n${headers}\r\n\r\n`),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]);
}

const read = (body: Uint8Array, boundary = 'XX') => readFormBody(body, boundary, DEFAULT_TOKEN_ESTIMATE);

describe('readFormBody', () => {
  it('finds the model beside a file', () => {
    expect(
      read(form([file('RIFF….'), field('model', 'whisper'), field('prompt', 'names: Anna')])),
    ).toMatchObject({
      model: 'whisper',
      stream: false,
      wantsUsage: false,
      promptTokens: 579,
      promptTokensEstimated: true,
    });
  });

  it.each([
    ['true', true],
    ['True', true],
    ['false', false],
    ['', false],
  ])('is streamed when its part says %j: %s', (text, stream) => {
    expect(read(form([field('model', 'm'), field('stream', text)])).stream).toBe(stream);
  });

  it('reads what the platform’s own FormData writes', async () => {
    const data = new FormData();
    data.set('file', new Blob([new Uint8Array(3000).fill(7)]), 'speech "1".wav');
    data.set('model', 'openai/whisper-large-v3');
    const response = new Response(data);
    const boundary = /boundary=(.*)/.exec(response.headers.get('content-type')!)![1]!;
    expect(read(new Uint8Array(await response.arrayBuffer()), boundary).model).toBe(
      'openai/whisper-large-v3',
    );
  });

  it.each([
    ['a preamble', (body: Buffer) => Buffer.concat([Buffer.from('ignore me\r\n'), body])],
    ['an epilogue', (body: Buffer) => Buffer.concat([body, Buffer.from('--XX\r\nignore me')])],
    [
      'spaces after the delimiter',
      (body: Buffer) => Buffer.from(body.toString('latin1').replace('--XX\r\n', '--XX  \r\n'), 'latin1'),
    ],
  ])('reads a form with %s', (_, change) => {
    expect(read(change(form([field('model', 'm')]))).model).toBe('m');
  });

  it('is not led astray by a file that contains a form', () => {
    const inner = form([field('model', 'inner')], 'YY');
    expect(read(form([file(inner), field('model', 'outer')])).model).toBe('outer');
  });

  it.each([
    'form-data; name="file"; filename="x; name=model"',
    'form-data; name="file"; filename="x\\"; name=\\"model"',
    'form-data; filename="; name=model; "; name="file"',
    'form-data; filename="model"; name="file"',
  ])('is not led astray by a file’s name: %s', (disposition) => {
    const trap = { headers: `Content-Disposition: ${disposition}`, content: 'trap' };
    expect(read(form([trap, field('model', 'm')])).model).toBe('m');
    expect(refusalOf(() => read(form([trap]))).param).toBe('model');
  });

  it('takes a name without quotes and header names in any case', () => {
    const part = {
      headers: 'content-type: text/plain\r\nCONTENT-DISPOSITION: form-data;name=model',
      content: 'm',
    };
    expect(read(form([part])).model).toBe('m');
  });

  it('puts another model’s name in place and leaves every other byte', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.string({ minLength: 1, unit: 'grapheme' }),
        (bytes, to) => {
          const audio = Buffer.from(bytes);
          fc.pre(!audio.includes('--XX'));
          const body = form([file(audio), field('model', 'from'), field('language', 'en')]);
          const { model, modelPlace } = read(body);
          expect(model).toBe('from');
          const expected = form([file(audio), field('model', to), field('language', 'en')]);
          expect(Buffer.compare(withModel(body, modelPlace, to) as Buffer, expected)).toBe(0);
        },
      ),
    );
  });
});

describe('forms that are wrong', () => {
  it.each<[string, Buffer, string, string]>([
    [
      'no model',
      form([file('x')]),
      'missing_field',
      "'model' is missing: it must be a part with a model's name.",
    ],
    [
      'an empty model',
      form([field('model', '')]),
      'missing_field',
      "'model' is missing: it must be a part with a model's name.",
    ],
    [
      'a model of 2 KB',
      form([field('model', 'x'.repeat(2048))]),
      'invalid_value',
      "'model' must be a model's name; found 2048 bytes.",
    ],
    [
      'two models',
      form([field('model', 'a'), field('model', 'b')]),
      'invalid_request',
      "its part 'model' comes twice",
    ],
    ['another boundary', form([field('model', 'm')], 'YY'), 'invalid_request', 'its boundary does not occur'],
    ['nothing', Buffer.alloc(0), 'invalid_request', 'its boundary does not occur'],
    ['JSON', Buffer.from('{"model":"m"}'), 'invalid_request', 'its boundary does not occur'],
    [
      'a part without end',
      Buffer.from('--XX\r\nContent-Disposition: form-data; name="model"\r\n\r\nm'),
      'invalid_request',
      'its part 1 has no end',
    ],
    [
      'a header without end',
      Buffer.from('--XX\r\nContent-Disposition: form-data; name="model"\r\n'),
      'invalid_request',
      'the header of its part 1 has no end',
    ],
    [
      'a header of 9 KB',
      form([{ headers: `X: ${'x'.repeat(9000)}`, content: '' }]),
      'invalid_request',
      'the header of its part 1 has no end',
    ],
    [
      'a part without name',
      form([{ headers: 'Content-Type: text/plain', content: 'm' }]),
      'invalid_request',
      'its part 1 has no name',
    ],
    [
      '129 parts',
      form(Array.from({ length: 129 }, (_, at) => field(`f${at}`, 'x'))),
      'invalid_request',
      'it has more than 128 parts',
    ],
  ])('%s', (_, body, code, message) => {
    const error = refusalOf(() => read(body));
    expect(error).toMatchObject({ code, status: 400 });
    expect(error.message).toContain(message);
  });

  it('never fail otherwise than with an answer of 400', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '--XX',
        '\r\n',
        '--',
        'Content-Disposition: form-data; name="model"',
        '\r\n\r\n',
        'm',
        '"',
        ';',
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        try {
          expect(read(Buffer.from(pieces.join(''))).model).not.toBe('');
        } catch (error) {
          expect(error).toBeInstanceOf(SignalboxError);
          expect((error as SignalboxError).status).toBe(400);
        }
      }),
      { numRuns: 500 },
    );
  });
});
