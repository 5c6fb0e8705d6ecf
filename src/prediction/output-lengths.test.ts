import { describe, expect, it } from 'vitest';
import { aRequest } from '../../test/builders.ts';
import type { RequestMetadata } from '../domain/index.ts';
import { maxTokensBucket, OutputLengths } from './output-lengths.ts';

function taught(
  ...lessons: readonly [Partial<RequestMetadata>, tokens: number, times: number][]
): OutputLengths {
  const lengths = new OutputLengths();
  for (const [fields, tokens, times] of lessons) {
    for (let i = 0; i < times; i++) lengths.learn(aRequest(fields), tokens);
  }
  return lengths;
}

describe('the expected length', () => {
  it('is the default of a model that nobody asked', () => {
    expect(new OutputLengths().expected(aRequest())).toBe(256);
    expect(new OutputLengths({ defaultTokens: 40 }).expected(aRequest())).toBe(40);
  });

  it("is the model's mean for a tenant who is new", () => {
    expect(taught([{ tenant: 'a' }, 100, 50]).expected(aRequest({ tenant: 'new' }))).toBeCloseTo(100);
  });

  it("leans on the model's mean while a tenant has few samples, and no longer when it has many", () => {
    const others = [{ tenant: 'a' }, 100, 500] as const;
    const few = taught([...others], [{ tenant: 'b' }, 1000, 2]).expected(aRequest({ tenant: 'b' }));
    const many = taught([...others], [{ tenant: 'b' }, 1000, 500]).expected(aRequest({ tenant: 'b' }));
    expect(few).toBeGreaterThan(100);
    expect(few).toBeLessThan(400);
    expect(many).toBeGreaterThan(950);
  });

  it('is apart for each bucket of limits and for each model', () => {
    const lengths = taught(
      [{ maxTokens: 16 }, 10, 100],
      [{ maxTokens: 4096 }, 900, 100],
      [{ model: 'n' }, 5, 100],
    );
    expect(lengths.expected(aRequest({ maxTokens: 4000 }))).toBeGreaterThan(800);
    expect(lengths.expected(aRequest({ maxTokens: 15 }))).toBeLessThanOrEqual(15);
    expect(lengths.expected(aRequest({ model: 'n' }))).toBeCloseTo(5);
  });

  it('is never above the limit', () => {
    expect(taught([{}, 500, 100]).expected(aRequest({ maxTokens: 7 }))).toBe(7);
    expect(new OutputLengths().expected(aRequest({ maxTokens: 7 }))).toBe(7);
  });

  it('follows a change of habits', () => {
    const lengths = taught([{}, 1000, 5000], [{}, 10, 5000]);
    expect(lengths.expected(aRequest())).toBeLessThan(100);
  });

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('does not learn from %d tokens', (tokens) => {
    expect(taught([{}, tokens, 3]).groupCount).toBe(0);
  });
});

describe('a quantile', () => {
  const lengths = new OutputLengths();
  for (let i = 1; i <= 1000; i++) lengths.learn(aRequest({ tenant: 'a' }), i);

  it.each([
    [0.5, 500],
    [0.8, 800],
    [0.99, 990],
  ])('of %d is near %d', (share, tokens) => {
    // Halving makes the later (here the longer) answers count more.
    const found = lengths.quantile(aRequest({ tenant: 'a' }), share);
    expect(found / tokens).toBeGreaterThan(0.9);
    expect(found / tokens).toBeLessThan(1.1);
  });

  it("is the model's for a tenant with few samples, within the limit", () => {
    expect(lengths.quantile(aRequest({ tenant: 'new' }), 0.5)).toBeGreaterThan(400);
    expect(lengths.quantile(aRequest({ tenant: 'new', maxTokens: 50 }), 0.5)).toBe(50);
  });

  it('is the expectation where nobody has samples', () => {
    expect(lengths.quantile(aRequest({ model: 'other' }), 0.9)).toBe(256);
  });
});

it('remembers no more groups than it may, the least used go first', () => {
  const lengths = new OutputLengths({ maxGroups: 10 });
  for (let i = 0; i < 100; i++) {
    lengths.learn(aRequest({ tenant: 'steady' }), 50);
    lengths.learn(aRequest({ tenant: `t${i}` }), 5000);
  }
  expect(lengths.groupCount).toBe(10);
  expect(lengths.expected(aRequest({ tenant: 'steady' }))).toBeLessThan(600);
});

it.each([
  [undefined, 'none'],
  [0, '0'],
  [1, '0'],
  [512, '9'],
  [513, '10'],
  [1024, '10'],
])('a limit of %s is in bucket %s', (maxTokens, bucket) => {
  expect(maxTokensBucket(maxTokens)).toBe(bucket);
});
