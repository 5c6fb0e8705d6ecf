import { describe, expect, it } from 'vitest';
import type { JsonSchema } from './json-schema.ts';
import { describeAllowed, describeFound, rewriteScalar } from './wording.ts';

describe('describeFound', () => {
  it.each([
    [undefined, 'nothing'],
    [null, 'nothing'],
    ['', 'an empty text'],
    ['a"b', '"a\\"b"'],
    [5, '5'],
    [false, 'false'],
    [[], 'an empty list'],
    [[1], 'a list'],
    [{ a: 1 }, 'a mapping'],
    ['http://ann:pw@host', '"http://***@host"'],
    ['x'.repeat(100), `"${'x'.repeat(58)}…`],
  ])('%j is %s', (value, words) => {
    expect(describeFound(value, false)).toBe(words);
  });

  it.each([
    ['hunter2', 'a text that is not shown'],
    [12345, 'a number'],
    [true, 'a boolean'],
    ['', 'an empty text'],
    [{ a: 1 }, 'a mapping'],
  ])('a secret that is %j is %s', (value, words) => {
    expect(describeFound(value, true)).toBe(words);
  });
});

describe('describeAllowed', () => {
  it.each<[string, JsonSchema, string]>([
    ['port', { type: 'integer', minimum: 0, maximum: 65535 }, 'a whole number from 0 to 65535'],
    ['delayMs', { type: 'integer', minimum: 1 }, 'a whole number of milliseconds of at least 1'],
    ['maxBytes', { type: 'integer' }, 'a whole number of bytes'],
    ['weight', { type: 'number', exclusiveMinimum: 0 }, 'a number above 0'],
    ['level', { type: 'number', maximum: 3 }, 'a number of at most 3'],
    ['on', { type: 'boolean' }, 'true or false'],
    ['mode', { type: 'string', enum: ['a', 'b'] }, 'one of a, b'],
    ['mode', { type: 'string', enum: ['a'] }, 'a'],
    ['name', { type: 'string' }, 'text'],
    ['path', { type: 'string', patternErrorMessage: 'a path' }, 'a path'],
    ['list', { type: 'array', items: { type: 'string' } }, 'a list of texts'],
    ['list', { type: 'array', items: { type: 'integer' } }, 'a list of whole numbers'],
    ['list', { type: 'array', items: { type: 'object' }, minItems: 1 }, 'a list of mappings, not empty'],
    ['list', { type: 'array', items: { enum: ['x', 'y'] } }, 'a list of x, y'],
    ['part', { type: 'object', properties: { a: {}, b: {} } }, 'a mapping with a, b'],
    ['part', { type: 'object', additionalProperties: {} }, 'a mapping of names'],
  ])('%s as %j: %s', (key, schema, words) => {
    expect(describeAllowed([schema], key)).toBe(words);
  });

  it('joins alternatives', () => {
    expect(describeAllowed([{ enum: ['a', 'b'] }, { type: 'boolean' }], 'x')).toBe(
      'one of a, b, or true or false',
    );
  });
});

describe('rewriteScalar', () => {
  const NUMBER: JsonSchema = { type: 'integer' };
  const TRUTH: JsonSchema = { type: 'boolean' };

  it.each([
    ['8080', NUMBER, '8080'],
    ['1_000', NUMBER, '1000'],
    ['500ms', NUMBER, '500'],
    ['30s', NUMBER, '30000'],
    ['1.5 s', NUMBER, '1500'],
    ['5 min', NUMBER, '300000'],
    ['2h', NUMBER, '7200000'],
    ['32MiB', NUMBER, '33554432'],
    ['10MB', NUMBER, '10000000'],
    ['yes', TRUTH, 'true'],
    ['Off', TRUTH, 'false'],
  ])('%s is written %s → %s', (written, schema, rewritten) => {
    expect(rewriteScalar(written, [schema])).toBe(rewritten);
  });

  it.each([
    ['ten', NUMBER],
    ['5 apples', NUMBER],
    ['', NUMBER],
    ['maybe', TRUTH],
    ['30s', { type: 'string' }],
  ])('%j has no other spelling', (written, schema) => {
    expect(rewriteScalar(written, [schema])).toBeUndefined();
  });
});
