import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aRequest } from '../../test/builders.ts';
import { type SlackEntry, SlackQueue, slackEntry } from './slack-queue.ts';

let joined = 0;
const anEntry = (id: string, dueMs: number, canBeLate = true): SlackEntry => {
  const joinOrder = joined++;
  const waiting = { request: aRequest({ id, arrivalMs: joinOrder }), tokens: 1, enqueuedMs: 0, joinOrder };
  return slackEntry({ waiting, key: dueMs, lateAfterMs: canBeLate ? dueMs : Number.POSITIVE_INFINITY });
};

function go(queue: SlackQueue, nowMs: number): string | undefined {
  const entry = queue.peek(nowMs);
  if (entry === undefined) return undefined;
  queue.remove(entry);
  queue.dispatched(entry);
  return entry.waiting.request.id;
}

const aQueue = (lateShare: number, ...entries: SlackEntry[]): SlackQueue => {
  const queue = new SlackQueue(lateShare);
  for (const entry of entries) queue.add(entry);
  return queue;
};

describe('a slack queue', () => {
  it('lets the one with the least slack go first', () => {
    const queue = aQueue(0.1, anEntry('later', 20), anEntry('sooner', 10));
    expect([go(queue, 0), go(queue, 0)]).toEqual(['sooner', 'later']);
  });

  it('lets whoever is in time go before those that are late', () => {
    const queue = aQueue(0.1, anEntry('late', 10), anEntry('in time', 50));
    expect([go(queue, 30), go(queue, 30)]).toEqual(['in time', 'late']);
  });

  it('does not set aside a request that cannot be late', () => {
    const queue = aQueue(0.1, anEntry('without SLO', 10, false), anEntry('in time', 50));
    expect([go(queue, 30), go(queue, 30)]).toEqual(['without SLO', 'in time']);
  });

  it('serves the late ones in the order in which they came', () => {
    const queue = aQueue(0.1, anEntry('came first', 20), anEntry('was due first', 10));
    expect([go(queue, 30), go(queue, 30)]).toEqual(['came first', 'was due first']);
  });

  it('gives the late ones their share while others are in time', () => {
    const queue = aQueue(0.25, anEntry('late', 10), ...['a', 'b', 'c', 'd'].map((id) => anEntry(id, 90)));
    expect([1, 2, 3, 4, 5].map(() => go(queue, 50))).toEqual(['a', 'b', 'c', 'late', 'd']);
  });

  it('prefers a prompt that is held somewhere, within the slack that may be given up', () => {
    const shares: Record<string, number> = { near: 0.5, best: 0.9, far: 1 };
    const locality = {
      withinMs: 10,
      shareOf: ({ waiting }: SlackEntry) => shares[waiting.request.id] ?? 0,
    };
    const queue = aQueue(
      0.1,
      anEntry('first', 10),
      anEntry('near', 15),
      anEntry('best', 20),
      anEntry('far', 21),
    );
    expect(queue.peek(0, locality)?.waiting.request.id).toBe('best');
  });

  it('gives late ones at least their share of any run, and loses nobody', () => {
    const someone = fc.record({ dueMs: fc.nat(100), canBeLate: fc.boolean() });
    const shares = fc.constantFrom(0.1, 0.2, 0.5, 1);
    fc.assert(
      fc.property(
        fc.array(someone, { minLength: 1, maxLength: 60 }),
        fc.nat(100),
        shares,
        (people, nowMs, share) => {
          const entries = people.map(({ dueMs, canBeLate }, i) => anEntry(`${i}`, dueMs, canBeLate));
          const queue = aQueue(share, ...entries);
          let sinceLate = 0;
          for (let left = entries.length; left > 0; left--) {
            const entry = queue.peek(nowMs)!;
            const hadLate = queue.lateCount > 0;
            queue.remove(entry);
            queue.dispatched(entry);
            sinceLate = hadLate && !entry.isLate ? sinceLate + 1 : 0;
            expect(sinceLate).toBeLessThan(1 / share);
          }
          expect(queue.size).toBe(0);
          expect(queue.peek(nowMs)).toBeUndefined();
        },
      ),
    );
  });
});
