import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEscapedKey } from './escaped-key.ts';

const decoded = (inside: string, room = 32) => {
  const bytes = Buffer.from(`"${inside}"`);
  const into = new Uint8Array(room);
  const length = decodeEscapedKey(bytes, 1, bytes.length - 1, into);
  return length < 0 ? undefined : Buffer.from(into.subarray(0, length)).toString();
};

const hex = (letter: string, isUpper: boolean) => {
  const digits = letter.charCodeAt(0).toString(16).padStart(4, '0');
  return `\\u${isUpper ? digits.toUpperCase() : digits}`;
};

describe('a key with escapes', () => {
  it.each([
    ['\\u006dodel', 'model'],
    ['m\\u006F\\u0064el', 'model'],
    ['\\"\\\\\\/\\b\\f\\n\\r\\t', '"\\/\b\f\n\r\t'],
    ['\\u0000', '\0'],
  ])('%s is read', (written, key) => {
    expect(decoded(written)).toBe(key);
  });

  it.each(['\\u00e9', '\\ud83d\\ude00', '\\uffff'])('%s is beyond ASCII', (written) => {
    expect(decoded(written)).toBeUndefined();
  });

  it('is not one where there is none, or where it is longer than there is room', () => {
    expect(decoded('model')).toBeUndefined();
    expect(decoded('\\u006dodel', 5)).toBe('model');
    expect(decoded('\\u006dodel', 4)).toBeUndefined();
  });

  it('is what JSON.parse makes of it, whichever of its letters are escaped', () => {
    const ascii = fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(ascii, fc.infiniteStream(fc.nat(3)), (key, choices) => {
        const letters = [...key].map((letter) => {
          const choice = choices.next().value;
          if (choice < 2) return hex(letter, choice === 1);
          return JSON.stringify(letter).slice(1, -1);
        });
        const written = letters.join('');
        if (!written.includes('\\')) return;
        expect(decoded(written)).toBe(JSON.parse(`"${written}"`));
      }),
    );
  });
});
