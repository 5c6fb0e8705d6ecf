import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonCursor, JsonSyntaxError } from './json-cursor.ts';

/** What the cursor makes of a whole text. */
function skim(text: string, maxDepth = 128) {
  const cursor = new JsonCursor(Buffer.from(text), maxDepth, (bytes, start, end) =>
    Buffer.from(bytes.subarray(start, end)).equals(Buffer.from('image_url')),
  );
  cursor.skipValue(0);
  cursor.expectEnd();
  const { stringBytes, numbers, attachments, lastElements } = cursor;
  return { stringBytes, numbers, attachments, lastElements };
}

function errorOf(text: string, maxDepth?: number): { at: number; message: string } | undefined {
  try {
    skim(text, maxDepth);
    return undefined;
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    return { at: error.at, message: error.message };
  }
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe('the grammar', () => {
  it.each([
    'null',
    'true',
    'false',
    '0',
    '-0',
    '1',
    '-1.5',
    '1e9',
    '1E+9',
    '1.25e-7',
    '""',
    '"a"',
    '"\\u00e9\\n\\"\\\\\\/"',
    '"\\ud800"',
    '[]',
    '[ ]',
    '[1,2]',
    '{}',
    '{ }',
    '{"a":1}',
    '{"":{"":[]}}',
    ' \t\r\n1 \n',
    '"é漢🚂"',
    '"\u007f"',
  ])('takes %j', (text) => {
    expect(errorOf(text)).toBeUndefined();
    expect(isJson(text)).toBe(true);
  });

  it.each([
    { text: '', at: 0, message: 'found the end where a value should be' },
    { text: '  ', at: 2, message: 'found the end where a value should be' },
    { text: '{', at: 1, message: "found the end where a key in double quotes or '}' should be" },
    { text: '{a:1}', at: 1, message: "found 'a' where a key in double quotes or '}' should be" },
    { text: "{'a':1}", at: 1, message: "found ''' where a key in double quotes or '}' should be" },
    { text: '{"a"}', at: 4, message: "found '}' where ':' should be" },
    { text: '{"a":}', at: 5, message: "found '}' where a value should be" },
    { text: '{"a":1,}', at: 7, message: "found '}' where a key in double quotes should be" },
    { text: '{"a":1 "b":2}', at: 7, message: "found '\"' where ',' or '}' should be" },
    { text: '[1,]', at: 3, message: "found ']' where a value should be" },
    { text: '[1 2]', at: 3, message: "found '2' where ',' or ']' should be" },
    { text: '[1}', at: 2, message: "found '}' where ',' or ']' should be" },
    { text: '[1', at: 2, message: "found the end where ',' or ']' should be" },
    { text: '1 2', at: 2, message: "found '2' where the end of the body should be" },
    { text: '01', at: 1, message: "found '1' where the end of the body should be" },
    { text: '-', at: 1, message: 'found the end where a digit should be' },
    { text: '1.', at: 2, message: 'found the end where a digit should be' },
    { text: '.5', at: 0, message: "found '.' where a value should be" },
    { text: '1e', at: 2, message: 'found the end where a digit should be' },
    { text: '+1', at: 0, message: "found '+' where a value should be" },
    { text: 'NaN', at: 0, message: "found 'N' where a value should be" },
    { text: 'tru', at: 3, message: 'found the end where a value should be' },
    { text: 'nulL', at: 3, message: "found 'L' where a value should be" },
    { text: '"a', at: 2, message: 'the text ends inside a string' },
    { text: '"a\\', at: 3, message: 'the text ends inside a string' },
    { text: '"\\u12', at: 5, message: 'the text ends inside a string' },
    { text: '"\\u12g4"', at: 5, message: "found 'g' in an escape, where JSON has no such escape" },
    { text: '"\\x"', at: 2, message: "found 'x' in an escape, where JSON has no such escape" },
    { text: '"a\nb"', at: 2, message: 'found the byte 0x0a inside a string, where it must be escaped' },
    { text: '"a\u0000b"', at: 2, message: 'found the byte 0x00 inside a string, where it must be escaped' },
    { text: '\ufeff1', at: 0, message: 'found the byte 0xef where a value should be' },
    { text: '/* c */1', at: 0, message: "found '/' where a value should be" },
  ])('says where and why it refuses $text', ({ text, at, message }) => {
    expect(errorOf(text)).toEqual({ at, message });
    expect(isJson(text)).toBe(false);
  });

  it('agrees with JSON.parse on each ASCII character: in a string, in an escape, before and after a number', () => {
    for (let code = 0; code < 128; code++) {
      const character = String.fromCharCode(code);
      for (const text of [
        `"a${character}b"`,
        `"\\${character}"`,
        `"\\u00${character}0"`,
        `${character}1`,
        `1${character}`,
      ]) {
        expect({ text, isJson: errorOf(text) === undefined }).toEqual({ text, isJson: isJson(text) });
      }
    }
  });

  it('takes what JSON.parse takes, of any JSON value in any spelling', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), fc.nat(3), (text, indent) => {
        expect(errorOf(text)).toBeUndefined();
        expect(errorOf(JSON.stringify(JSON.parse(text), null, indent))).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it('agrees with JSON.parse on valid texts with one character changed, removed or put in', () => {
    const character = fc.oneof(
      fc.constantFrom(...'{}[]",:\\u0019.eE+-tfn \n\t/'),
      fc.string({ unit: 'grapheme', maxLength: 1 }),
    );
    fc.assert(
      fc.property(fc.json(), fc.nat(), character, fc.nat(1), (text, where, put, removed) => {
        const at = where % (text.length + 1);
        const broken = Buffer.from(text.slice(0, at) + put + text.slice(at + removed)).toString();
        expect(errorOf(broken) === undefined).toBe(isJson(broken));
      }),
      { numRuns: 1500 },
    );
  });

  it('never crashes on bytes that are anything', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          const cursor = new JsonCursor(bytes, 16);
          cursor.skipValue(0);
          cursor.expectEnd();
        } catch (error) {
          expect(error).toBeInstanceOf(JsonSyntaxError);
          expect((error as JsonSyntaxError).at).toBeLessThanOrEqual(bytes.length);
        }
      }),
    );
  });
});

describe('depth', () => {
  it.each([
    { open: '[', close: ']' },
    { open: '{"a":', close: '}' },
  ])('allows 128 levels of $open and not 129', ({ open, close }) => {
    const nested = (levels: number) => `${open.repeat(levels)}1${close.repeat(levels)}`;
    expect(errorOf(nested(128))).toBeUndefined();
    expect(errorOf(nested(129))).toEqual({
      at: 128 * open.length,
      message: 'it is nested more than 128 levels deep',
    });
  });

  it('refuses ten million brackets at the 129th', () => {
    expect(errorOf('['.repeat(10_000_000))?.at).toBe(128);
  });
});

describe('what is counted on the way', () => {
  it.each([
    { text: '"abcd"', stringBytes: 4 },
    { text: '"é"', stringBytes: 2 },
    { text: '"a\\nb"', stringBytes: 3 },
    { text: '"\\u00e9"', stringBytes: 3 },
    { text: '{"key":"value"}', stringBytes: 5 },
    { text: '{"a":{"b":"12"},"c":["3","45"]}', stringBytes: 5 },
  ])('the strings of $text have $stringBytes bytes', ({ text, stringBytes }) => {
    expect(skim(text).stringBytes).toBe(stringBytes);
  });

  it('counts numbers at any depth', () => {
    expect(skim('[1,[2,3],{"a":4}]').numbers).toBe(4);
  });

  it.each([
    { text: '[]', elements: 0 },
    { text: '[1]', elements: 1 },
    { text: '[[1,2,3],[4]]', elements: 2 },
    { text: '[{"a":[1,2,3,4]}]', elements: 1 },
  ])('$text has $elements elements, whatever they contain', ({ text, elements }) => {
    expect(skim(text).lastElements).toBe(elements);
  });

  it('counts an attachment as one, not by its bytes', () => {
    const part = {
      type: 'image_url',
      image_url: { url: `data:image/png;base64,${'A'.repeat(10_000)}`, size: 7 },
    };
    expect(skim(JSON.stringify([part, part]))).toMatchObject({ attachments: 2, stringBytes: 18, numbers: 0 });
  });

  it('counts as many string bytes as UTF-8 has, where nothing is escaped', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '漢', '🚂', ' ') })), (strings) => {
        expect(skim(JSON.stringify(strings)).stringBytes).toBe(Buffer.byteLength(strings.join('')));
      }),
    );
  });
});
