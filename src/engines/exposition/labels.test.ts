import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { skipBlanks, walkLabels } from './labels.ts';

function labelsOf(text: string): Record<string, string> | undefined {
  const into = new Map<string, string>();
  return walkLabels(text, 0, into) < 0 ? undefined : Object.fromEntries(into);
}

describe('walkLabels', () => {
  it.each([
    ['{}', {}],
    ['{ \t}', {}],
    ['{a="1"}', { a: '1' }],
    ['{a="1",}', { a: '1' }],
    ['{a="1", b="2"}', { a: '1', b: '2' }],
    ['{ a = "1" , b = "2" }', { a: '1', b: '2' }],
    ['{a=""}', { a: '' }],
    ['{a="x} 99"}', { a: 'x} 99' }],
    ['{a="/a{b}",c="d"}', { a: '/a{b}', c: 'd' }],
    ['{a="we\\"ird}name"}', { a: 'we"ird}name' }],
    ['{a="back\\\\slash"}', { a: 'back\\slash' }],
    ['{a="two\\nlines"}', { a: 'two\nlines' }],
    ['{a="C:\\\\new"}', { a: 'C:\\new' }],
    ['{a="unknown \\t escape"}', { a: 'unknown \\t escape' }],
    ['{a="1,b=2"}', { a: '1,b=2' }],
    ['{_x9="é"}', { _x9: 'é' }],
    ['{__proto__="safe"}', Object.fromEntries([['__proto__', 'safe']])],
  ])('reads %s', (text, expected) => {
    expect(labelsOf(text)).toEqual(expected);
  });

  it.each([
    '{',
    '{a',
    '{a=',
    '{a="1"',
    '{a="1',
    '{a="1\\"}',
    '{a=1}',
    '{="1"}',
    '{9a="1"}',
    '{,}',
    '{a="1",,b="2"}',
    '{a="1" b="2"}',
    '{a:"1"}',
  ])('refuses %s', (text) => {
    expect(labelsOf(text)).toBeUndefined();
  });

  it('says where the text goes on', () => {
    const line = 'name{a="}"} 5';
    expect(line.slice(walkLabels(line, 4))).toBe(' 5');
  });

  it('gives back every label that is written by the rules', () => {
    const name = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,8}$/);
    fc.assert(
      fc.property(fc.dictionary(name, fc.string({ unit: 'binary', maxLength: 12 })), (labels) => {
        const written = Object.entries(labels).map(([key, value]) => `${key}="${escaped(value)}"`);
        expect(labelsOf(`{${written.join(',')}}`)).toEqual({ ...labels });
      }),
    );
  });

  it('ends, inside the text, whatever the text is', () => {
    const unit = fc.constantFrom('{', '}', '"', '\\', '=', ',', 'a', ' ', '\n', '1');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 40 }), (text) => {
        const end = walkLabels(`{${text}`, 0, new Map());
        expect(end === -1 || (end > 1 && end <= text.length + 1)).toBe(true);
      }),
    );
  });
});

describe('skipBlanks', () => {
  it('skips spaces and tabs, and nothing else', () => {
    expect(skipBlanks(' \t x', 0)).toBe(3);
    expect(skipBlanks('x', 0)).toBe(0);
    expect(skipBlanks('\u00a0x', 0)).toBe(0);
    expect(skipBlanks('  ', 0)).toBe(2);
  });
});

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
