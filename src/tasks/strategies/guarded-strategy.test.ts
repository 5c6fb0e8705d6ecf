import { describe, expect, it } from 'vitest';
import { guardedStrategy } from './guarded-strategy.ts';
import { shortestQueue } from './shortest-queue.ts';
import type { Candidate, TaskStrategy } from './strategy.ts';

const candidates: readonly Candidate[] = [
  { uuid: 'a', queue: { expectedMs: 9, errorMs: 0, tasks: 1 } },
  { uuid: 'b', queue: { expectedMs: 1, errorMs: 0, tasks: 1 } },
];

function choiceOf(choose: TaskStrategy['choose']) {
  const problems: string[] = [];
  const strategy = guardedStrategy({ name: 'mine', choose }, shortestQueue(), (one) => problems.push(one));
  return { index: strategy.choose(candidates, 'm'), problems };
}

describe('a strategy of somebody else', () => {
  it('chooses where it chooses one of the candidates', () => {
    expect(choiceOf(() => 0)).toEqual({ index: 0, problems: [] });
  });

  it.each([
    ['too large', () => 2, 'chose 2'],
    ['below 0', () => -1, 'chose -1'],
    ['no whole number', () => 0.5, 'chose 0.5'],
    ['nothing', () => undefined as never, 'chose undefined'],
    ['a promise', () => Promise.resolve(0) as never, 'chose [object Promise]'],
    [
      'an error',
      () => {
        throw new Error('no idea');
      },
      'threw: no idea',
    ],
  ])('is done without where it gives %s', (_name, choose, found) => {
    const message = `strategy "mine" ${found}; allowed is a whole number from 0 to 1, so "shortest_queue" chose`;
    expect(choiceOf(choose)).toEqual({ index: 1, problems: [message] });
  });
});
