import { expect, it } from 'vitest';
import { howManyToForget } from './retention.ts';

it.each([
  [10, 10, 0],
  [11, 10, 2],
  [6, 5, 1],
  [101, 100, 11],
  [3, 0, 3],
  [0, 0, 0],
])('of %d finished tasks where %d may be, %d go', (finished, most, gone) => {
  expect(howManyToForget(finished, most)).toBe(gone);
});
