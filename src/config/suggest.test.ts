import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listNames, suggest } from './suggest.ts';

const KEYS = ['url', 'engine', 'models', 'maxRequests', 'maxTokens', 'timeoutMs', 'intervalMs', 'gpuType'];

describe('suggest', () => {
  it.each([
    ['engin', 'engine', 'a letter left out'],
    ['urls', 'url', 'a letter too many'],
    ['modles', 'models', 'two letters swapped'],
    ['enjine', 'engine', 'a wrong letter'],
    ['ENGINE', 'engine', 'another case'],
    ['max_requests', 'maxRequests', 'another style of joining words'],
    ['max-tokens', 'maxTokens', 'another style of joining words'],
    ['timeout', 'timeoutMs', 'the unit left out'],
    ['maxRequets', 'maxRequests', 'a slip in a long word'],
  ])('%s means %s: %s', (written, meant) => {
    expect(suggest(written, KEYS)).toBe(meant);
  });

  it.each(['colour', 'x', '', '…', 'a'.repeat(500)])('finds nothing near %j', (written) => {
    expect(suggest(written, KEYS)).toBeUndefined();
  });

  it('takes the nearest of several', () => {
    expect(suggest('llama-3-8', ['llama-3-70b', 'llama-3-8b', 'llama-2-7b'])).toBe('llama-3-8b');
  });

  it('does not turn one short name into another', () => {
    expect(suggest('d', ['a', 'b'])).toBeUndefined();
  });

  it('always answers with a known word or nothing', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string()), (written, known) => {
        const answer = suggest(written, known);
        return answer === undefined || known.includes(answer);
      }),
    );
  });
});

describe('listNames', () => {
  const names = (count: number) => Array.from({ length: count }, (_, i) => `n${i}`);

  it('lists all of a few, and the first twenty of many', () => {
    expect(listNames([])).toBe('');
    expect(listNames(['a', 'b'])).toBe('a, b');
    expect(listNames(names(20))).not.toContain('…');
    expect(listNames(names(21))).toMatch(/, n19, …$/);
  });
});
