import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closestName, listNames } from './closest-name.ts';

const NAMES = ['llama-3-8b', 'llama-3-70b', 'meta-llama/Llama-3.3-70B-Instruct', 'qwen2.5-coder', 'e5'];

describe('closestName', () => {
  it.each([
    ['llama-3-8B', 'llama-3-8b'],
    ['lama-3-8b', 'llama-3-8b'],
    ['llama-3-7b', 'llama-3-8b'],
    ['llama3-70b', 'llama-3-70b'],
    ['Llama-3.3-70B-Instruct', 'meta-llama/Llama-3.3-70B-Instruct'],
    ['llama-3.3-70b-instruct', 'meta-llama/Llama-3.3-70B-Instruct'],
    ['qwen-2.5-coder', 'qwen2.5-coder'],
  ])('takes %s for %s', (wanted, name) => {
    expect(closestName(wanted, NAMES)).toBe(name);
  });

  it.each(['gpt-4o', 'mistral', 'something-else-entirely'])('takes %s for none of them', (wanted) => {
    expect(closestName(wanted, NAMES)).toBeUndefined();
  });

  it('finds any name by itself and answers quickly for names of any length', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 20 }), fc.nat(), (names, at) => {
        const name = names[at % names.length]!;
        expect(closestName(name, names)).toBeDefined();
        expect(() => closestName(name.repeat(1000), names)).not.toThrow();
      }),
    );
  });
});

describe('listNames', () => {
  it('lists a few', () => {
    expect(listNames(['a', 'b', 'c'])).toBe('a, b, c');
  });

  it('lists twenty of many, and says how many more there are', () => {
    const names = Array.from({ length: 1000 }, (_, index) => `m${index}`);
    expect(listNames(names)).toBe(`${names.slice(0, 20).join(', ')} and 980 more`);
    expect(listNames(names.slice(0, 20))).not.toContain('more');
  });
});
