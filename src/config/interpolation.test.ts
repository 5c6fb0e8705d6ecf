import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placeholder as V } from './__fixtures__/placeholder.ts';
import { interpolate } from './interpolation.ts';

const ENV = { HOST: 'gpu1', PORT: '8000', EMPTY: '' };

describe('a text with variables', () => {
  it.each([
    ['is replaced', V('HOST'), 'gpu1'],
    ['may have several, and text around them', `http://${V('HOST')}:${V('PORT')}/`, 'http://gpu1:8000/'],
    ['takes the default where nothing is set', V('NONE:-8080'), '8080'],
    ['takes the default where the variable is empty', V('EMPTY:-8080'), '8080'],
    ['does not take the default where something is set', V('PORT:-8080'), '8000'],
    ['may have an empty default', `a${V('NONE:-')}b`, 'ab'],
    ['may have a default with colons and slashes', V('NONE:-http://a:1/b'), 'http://a:1/b'],
    ['may be empty where no default is given', V('EMPTY'), ''],
    ['is left alone behind a second dollar', `$${V('HOST')}`, V('HOST')],
    ['is no variable without braces', '$HOST and $', '$HOST and $'],
  ])('%s', (_what, text, value) => {
    const { data, faults } = interpolate({ text }, ENV);
    expect(faults).toEqual([]);
    expect(data).toEqual({ text: value });
  });

  it('is not looked at again once it is replaced', () => {
    const env = { A: V('B'), B: 'x' };
    expect(interpolate(V('A'), env).data).toBe(V('B'));
  });

  it('is found in lists and mappings, not in keys', () => {
    const { data } = interpolate({ a: [V('HOST'), { b: V('PORT') }], [V('HOST')]: 1 }, ENV);
    expect(data).toEqual({ a: ['gpu1', { b: '8000' }], [V('HOST')]: 1 });
  });

  it('remembers how it was written, for messages that must not show its value', () => {
    const { written } = interpolate({ a: [V('HOST')], b: 'plain' }, ENV);
    expect([...written]).toEqual([['["a",0]', V('HOST')]]);
  });
});

describe('a variable that cannot be replaced', () => {
  it('that is not set is named, with what would do', () => {
    expect(interpolate({ url: [V('NONE')] }, ENV).faults).toEqual([
      {
        path: ['url', 0],
        found: V('NONE'),
        message: 'needs the environment variable NONE, which is not set',
        allowed: `a variable that is set, or ${V('NONE:-default')}`,
      },
    ]);
  });

  it.each([V(''), V('1A'), V('A B'), V('A:?x'), V('A-x'), '${A', 'x${'])('%s is malformed', (text) => {
    const { faults } = interpolate(text, ENV);
    expect(faults.map(({ message }) => message)).toEqual(['has a malformed variable']);
  });

  it('does not keep the others from being looked at', () => {
    const { faults } = interpolate([V('NONE'), V('OTHER'), V('HOST')], ENV);
    expect(faults.map(({ path }) => path)).toEqual([[0], [1]]);
  });
});

describe('everything else', () => {
  it('stays as it is', () => {
    const data = { a: 1, b: [true, null, 1.5], c: { d: 'text' } };
    expect(interpolate(data, ENV)).toEqual({ data, written: new Map(), faults: [] });
  });

  it('is the same for whatever holds no variable', () => {
    const noVariables = fc.jsonValue().filter((value) => !JSON.stringify(value).includes('${'));
    fc.assert(
      fc.property(noVariables, (value) => {
        expect(interpolate(value, ENV).data).toEqual(value);
      }),
    );
  });
});
