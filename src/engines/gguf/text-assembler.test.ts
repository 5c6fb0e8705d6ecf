/** Text from tokens that are pieces of UTF-8. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TextAssembler, type TextPiece } from './text-assembler.ts';

/** A tokenizer whose tokens are bytes. */
const decodeBytes = (tokens: readonly number[]): string => Buffer.from(tokens).toString('utf8');

function assemble(bytes: Iterable<number>): TextPiece[] {
  const assembler = new TextAssembler<number>(decodeBytes, []);
  const pieces = Array.from(bytes, (byte) => assembler.push(byte));
  return [...pieces, assembler.flush()].filter((piece) => piece !== undefined);
}

describe('assembling text', () => {
  it('gives each whole character as soon as it is whole', () => {
    expect(assemble(Buffer.from('aé😀'))).toEqual([
      { text: 'a', tokenCount: 1 },
      { text: 'é', tokenCount: 2 },
      { text: '😀', tokenCount: 4 },
    ]);
  });

  it('gives at the end what never became whole', () => {
    expect(assemble([0x61, 0xf0, 0x9f])).toEqual([
      { text: 'a', tokenCount: 1 },
      { text: '\uFFFD', tokenCount: 2 },
    ]);
  });

  it('does not wait forever for bytes that are no character', () => {
    const [first] = assemble([0xff, 0xff, 0xff, 0xff, 0x61]);
    expect(first).toEqual({ text: '\uFFFD\uFFFD\uFFFD\uFFFD', tokenCount: 4 });
  });

  it('has nothing to flush after whole characters', () => {
    const assembler = new TextAssembler<number>(decodeBytes, []);
    assembler.push(0x61);
    expect(assembler.flush()).toBeUndefined();
  });

  it('shows the tokenizer what came before', () => {
    const seen: (readonly number[])[] = [];
    const assembler = new TextAssembler<number>(
      (tokens, before) => {
        seen.push(before);
        return decodeBytes(tokens);
      },
      [1, 2, 3, 4, 5, 6],
    );
    assembler.push(0x61);
    assembler.push(0x62);
    expect(seen).toEqual([
      [3, 4, 5, 6],
      [4, 5, 6, 0x61],
    ]);
  });

  it('neither loses nor changes text, and counts every token', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const bytes = Buffer.from(text);
        const pieces = assemble(bytes);
        expect(pieces.map((piece) => piece.text).join('')).toBe(bytes.toString());
        expect(pieces.reduce((total, piece) => total + piece.tokenCount, 0)).toBe(bytes.length);
      }),
    );
  });
});
