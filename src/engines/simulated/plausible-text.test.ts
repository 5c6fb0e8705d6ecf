import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../domain/index.ts';
import { CHARACTERS_PER_TOKEN, createLibrary, cutAnswer, plausibleLength } from './plausible-text.ts';

const library = createLibrary(1);

describe('the library', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(createLibrary(1)).toBe(library);
    expect(createLibrary(2)).not.toBe(library);
  });

  it('is made of sentences', () => {
    const sentences = library.split('. ').slice(0, -1);
    expect(sentences.length).toBeGreaterThan(100);
    for (const sentence of sentences) expect(sentence).toMatch(/^[A-Z][a-z]*( [a-z]+)+$/);
  });
});

describe('an answer', () => {
  it.each([1, 7, 5000, 40_000])('of %d tokens has that many times four characters', (tokens) => {
    expect(cutAnswer(library, 60_000, tokens)).toHaveLength(tokens * CHARACTERS_PER_TOKEN);
  });

  it('begins with a sentence, wherever in the library', () => {
    for (const start of [0, 12_345, library.length - 1, library.length + 5]) {
      expect(cutAnswer(library, start, 5)).toMatch(/^[A-Z]/);
    }
  });

  it('is the beginning of a longer one', () => {
    expect(cutAnswer(library, 99, 30_000).startsWith(cutAnswer(library, 99, 200))).toBe(true);
  });
});

describe('a plausible length', () => {
  const random = seededRandom(3);
  const lengths = Array.from({ length: 5000 }, () => plausibleLength(random)).sort((a, b) => a - b);

  it('has its median near 170 tokens and a tenth above 480', () => {
    expect(lengths[2500]).toBeGreaterThan(150);
    expect(lengths[2500]).toBeLessThan(190);
    expect(lengths[4500]).toBeGreaterThan(420);
    expect(lengths[4500]).toBeLessThan(540);
  });

  it('is always a whole number of at least one', () => {
    expect(lengths.every((length) => Number.isSafeInteger(length) && length >= 1)).toBe(true);
  });
});
