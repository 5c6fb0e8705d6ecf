import { expect, it } from 'vitest';
import { stepBudget } from './budget.ts';
import type { ByPlace } from './candidate.ts';
import { pack } from './pack.ts';

const node = (middle: number, first = middle, last = first, alone = last): ByPlace => ({
  middle,
  first,
  last,
  alone,
});

it('takes the largest node, and of the others those that waste the least', () => {
  const nodes = [node(6), node(5), node(4), node(9), node(1)];
  expect(pack(nodes, 10, Infinity, stepBudget(1e6))).toEqual([
    [3, 4],
    [0, 2],
  ]);
});

it('finds a second end for the largest node, also where many nodes that waste less can be none', () => {
  const tiny = Array.from({ length: 8 }, () => node(1, 0));
  const [members] = pack([node(9, 8, 8, 7), ...tiny, node(5, 4)], 10, Infinity, stepBudget(1e6));
  expect(members).toEqual([0, 9]);
});

it('goes on after a node that no others complete', () => {
  const cannotBeEnd = node(9, 0);
  const nodes = [cannotBeEnd, node(6, 5, 0, 0), node(7, 0, 5, 0)];
  expect(pack(nodes.slice(1), 10, Infinity, stepBudget(1e6))).toHaveLength(1);
  expect(pack(nodes, 10, Infinity, stepBudget(1e6)).flat()).toEqual(expect.arrayContaining([1, 2]));
});
