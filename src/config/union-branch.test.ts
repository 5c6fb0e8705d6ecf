import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { branchOf } from './union-branch.ts';

const schema = z.union([
  z.enum(['round-robin', 'random']),
  z.strictObject({ picker: z.enum(['best']) }),
  z.array(z.strictObject({ model: z.string() })).min(1),
]);

/** The paths of what is wrong with `value` as what it was meant to be. */
function wrongPaths(value: unknown) {
  const [issue] = schema.safeParse(value).error?.issues ?? [];
  if (issue?.code !== 'invalid_union') throw new Error('not a mistake of a union');
  return branchOf(issue.errors, value)?.map(({ path }) => path);
}

describe('branchOf', () => {
  it.each([
    ['a mapping is the alternative for mappings', { picker: 'worst' }, [['picker']]],
    [
      'a list is the alternative for lists',
      [{ model: 5 }, { model: 'm' }, {}],
      [
        [0, 'model'],
        [2, 'model'],
      ],
    ],
    ['a word is none of them: all are allowed in its place', 'rnd', undefined],
    ['a number is none of them', 5, undefined],
  ])('%s', (_what, value, paths) => {
    expect(wrongPaths(value)).toEqual(paths);
  });
});
