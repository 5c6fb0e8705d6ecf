import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linesOf, MAX_BATCH_REQUESTS, MAX_LINE_CHARS, readRequest, validateLines } from './lines.ts';

const ENDPOINT = '/v1/chat/completions';

async function* piecesOf(text: string, size = 7): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

const aLine = (customId: unknown, fields: object = {}): string =>
  JSON.stringify({ custom_id: customId, method: 'POST', url: ENDPOINT, body: { model: 'm' }, ...fields });

const mistakesIn = async (lines: readonly string[], mayUse?: (model: string) => boolean) =>
  (await validateLines(piecesOf(lines.join('\n')), ENDPOINT, mayUse)).mistakes.map(
    ({ code, line, param }) => [line, code, param],
  );

describe('lines of a file', () => {
  it('are the same however the file is cut into pieces, also within a character', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\n'))),
        fc.integer({ min: 1, max: 9 }),
        async (texts, size) => {
          const found = [];
          for await (const { text, line } of linesOf(piecesOf(texts.join('\n'), size)))
            found.push([line, text]);
          const whole = texts.at(-1) === '' ? texts.slice(0, -1) : texts;
          expect(found).toEqual(whole.map((text, index) => [index + 1, text]));
        },
      ),
    );
  });
});

describe('a line that has no end', () => {
  async function* endless(chars: number): AsyncGenerator<Uint8Array> {
    const piece = Buffer.alloc(256 * 1024, 'x');
    for (let sent = 0; sent < chars; sent += piece.length) yield piece;
    yield Buffer.from(`\n${aLine('after')}`);
  }

  it('is named as too long, and the next one is read', async () => {
    const lines = [];
    for await (const line of linesOf(endless(2 * MAX_LINE_CHARS))) lines.push(line);
    expect(lines.map(({ text, line }) => [line, text?.length])).toEqual([
      [1, undefined],
      [2, aLine('after').length],
    ]);
    const { mistakes } = await validateLines(endless(2 * MAX_LINE_CHARS), ENDPOINT);
    expect(mistakes).toMatchObject([{ line: 1, code: 'line_too_long' }]);
  });
});

describe('a line of a batch', () => {
  it('is read with its id, model and body', () => {
    expect(readRequest({ text: aLine('a'), line: 3 }, ENDPOINT)).toEqual({
      customId: 'a',
      model: 'm',
      body: { model: 'm' },
      line: 3,
    });
  });

  it.each([
    ['{', 'invalid_json_line', null],
    ['[]', 'invalid_json_line', null],
    [aLine(''), 'missing_required_parameter', 'custom_id'],
    [aLine(7), 'missing_required_parameter', 'custom_id'],
    [aLine('a', { method: 'GET' }), 'invalid_method', 'method'],
    [aLine('a', { url: '/v1/embeddings' }), 'invalid_url', 'url'],
    [aLine('a', { body: 'x' }), 'missing_required_parameter', 'body'],
    [aLine('a', { body: {} }), 'missing_required_parameter', 'body.model'],
    [aLine('a', { body: { model: 'm', stream: true } }), 'invalid_value', 'body.stream'],
  ])('%s is refused: %s', (text, code, param) => {
    expect(readRequest({ text, line: 1 }, ENDPOINT)).toMatchObject({ code, param, line: 1 });
  });
});

describe('a file of a batch', () => {
  it('may have blank lines, and ends with or without one', async () => {
    const { total, mistakes } = await validateLines(piecesOf(`${aLine('a')}\n\n${aLine('b')}\n`), ENDPOINT);
    expect([total, mistakes]).toEqual([2, []]);
  });

  it('names every line that is wrong, and an id that comes twice', async () => {
    expect(await mistakesIn([aLine('a'), '{', aLine('a')])).toEqual([
      [2, 'invalid_json_line', null],
      [3, 'duplicate_custom_id', 'custom_id'],
    ]);
  });

  it('may only ask for models that its key may use', async () => {
    expect(await mistakesIn([aLine('a')], (model) => model === 'other')).toEqual([
      [1, 'model_not_allowed', 'body.model'],
    ]);
  });

  it('must have something in it, and not too much', async () => {
    expect(await mistakesIn([''])).toEqual([[null, 'empty_file', null]]);
    const lines = Array.from({ length: MAX_BATCH_REQUESTS + 1 }, (_, index) => aLine(String(index)));
    const { mistakes } = await validateLines(piecesOf(lines.join('\n'), 1 << 20), ENDPOINT);
    expect(mistakes.map(({ code }) => code)).toEqual(['too_many_requests']);
  });

  it('tells of no more mistakes than one can read', async () => {
    expect(await mistakesIn(Array.from({ length: 1000 }, () => '{'))).toHaveLength(100);
  });
});
