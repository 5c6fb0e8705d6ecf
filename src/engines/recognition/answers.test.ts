import { describe, expect, it } from 'vitest';
import { asCount, asObject, asText, createAnswers } from './answers.ts';

describe('createAnswers', () => {
  const answers = createAnswers(
    new Map([
      ['/object', { ok: true, url: 'u', status: 200, body: Buffer.from('{"a":1}') }],
      ['/list', { ok: true, url: 'u', status: 200, body: Buffer.from('[1]') }],
      ['/text', { ok: true, url: 'u', status: 200, body: Buffer.from('m 1\n') }],
      ['/error', { ok: false, url: 'u', reason: 'status', status: 500, message: 'no', body: '{"a":1}' }],
    ]),
  );

  it.each([
    ['/object', '{"a":1}', { a: 1 }, { a: 1 }],
    ['/list', '[1]', [1], {}],
    ['/text', 'm 1\n', undefined, {}],
    ['/error', '', undefined, {}],
    ['/never-asked', '', undefined, {}],
  ])('%s', (path, text, json, object) => {
    expect(answers.text(path)).toBe(text);
    expect(answers.json(path)).toEqual(json);
    expect(answers.object(path)).toEqual(object);
  });
});

describe('asObject', () => {
  it.each([[null], [undefined], [1], ['x'], [[1]]])('makes an empty object of %j', (value) => {
    expect(asObject(value)).toEqual({});
  });

  it('leaves an object as it is', () => {
    const value = { a: 1 };
    expect(asObject(value)).toBe(value);
  });
});

describe('asText', () => {
  it('takes text that says something', () => {
    expect(['x', '', 1, null, undefined].map(asText)).toEqual([
      'x',
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('asCount', () => {
  it.each([
    [8192, 8192],
    ['16', 16],
    [0, undefined],
    ['0', undefined],
    [-1, undefined],
    [1.5, undefined],
    ['', undefined],
    [' ', undefined],
    ['None', undefined],
    [null, undefined],
    [Number.NaN, undefined],
    [1e300, undefined],
    [true, undefined],
  ])('of %j is %s', (value, expected) => {
    expect(asCount(value)).toBe(expected);
  });
});
