import { describe, expect, it } from 'vitest';
import { valueAt } from './data-path.ts';

const data = { a: [{ b: 1 }, null], 'c.d': { e: undefined }, f: 'text' };

describe('valueAt', () => {
  it.each([
    [[], data],
    [['a', 0, 'b'], 1],
    [['a', 1], null],
    [['c.d'], data['c.d']],
    [['f'], 'text'],
  ])('finds what is at %j', (path, value) => {
    expect(valueAt(data, path)).toBe(value);
  });

  it.each([
    [['x']],
    [['a', 2]],
    [['a', 1, 'b']],
    [['f', 0]],
    [['f', 'length']],
    [['toString']],
    [['a', 'length', 'x']],
  ])('finds nothing at %j', (path) => {
    expect(valueAt(data, path)).toBeUndefined();
  });
});
