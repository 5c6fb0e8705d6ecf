import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineSplitter, type TextLine } from './lines.ts';

function split(chunks: readonly string[], maxCharacters?: number): readonly TextLine[] {
  const splitter = lineSplitter(maxCharacters);
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()];
}

const texts = (lines: readonly TextLine[]): readonly string[] => lines.map(({ text }) => text);

describe('lineSplitter', () => {
  it('numbers lines from 1, the last one with or without a line end', () => {
    expect(split(['a\nb\n'])).toEqual([
      { text: 'a', line: 1, isTooLong: false },
      { text: 'b', line: 2, isTooLong: false },
    ]);
    expect(texts(split(['a\nb']))).toEqual(['a', 'b']);
  });

  it('takes line ends of either kind, also when a chunk ends between their two characters', () => {
    expect(texts(split(['a\r', '\nb\r\nc\r']))).toEqual(['a', 'b', 'c']);
  });

  it('keeps empty lines, so that numbers stay those of the file', () => {
    expect(split(['a\n\nb']).at(-1)).toEqual({ text: 'b', line: 3, isTooLong: false });
  });

  it('drops a byte order mark at the very beginning only', () => {
    expect(texts(split(['\ufeffa\n\ufeffb']))).toEqual(['a', '\ufeffb']);
  });

  it('has no line in an empty text', () => {
    expect(split([])).toEqual([]);
    expect(split(['', ''])).toEqual([]);
  });

  it('throws the text of a line away that is too long, and reads on behind it', () => {
    expect(split(['12345', '678901', '2\nshort\n', 'x'.repeat(11)], 10)).toEqual([
      { text: '', line: 1, isTooLong: true },
      { text: 'short', line: 2, isTooLong: false },
      { text: '', line: 3, isTooLong: true },
    ]);
  });

  it('gives the same lines wherever the text is cut', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', ',', '\n', '\r\n'), { maxLength: 40 })
      .map((all) => all.join(''));
    fc.assert(
      fc.property(text, fc.array(fc.nat(40), { maxLength: 6 }), (whole, cuts) => {
        const places = [0, ...[...cuts].sort((left, right) => left - right), whole.length];
        const chunks = places.slice(1).map((end, index) => whole.slice(places[index], end));
        expect(split(chunks)).toEqual(split([whole]));
      }),
    );
  });
});
