import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aRequest, aView } from '../../../test/builders.ts';
import { scoredBy } from '../../../test/routing-fixtures.ts';
import type { InstanceView, RequestMetadata } from '../../domain/index.ts';

function chosenFor(fields: Partial<RequestMetadata>, views: readonly InstanceView[], by = 'session'): string {
  const { scores } = scoredBy('session', aRequest(fields), views, { parameters: { by } });
  return Object.keys(scores)
    .filter((id) => scores[id] === 1)
    .join();
}
/** With the slots of a real fleet, which are dense: what a scorer remembers by slot is as long as the highest. */
const fleet = (count: number): InstanceView[] =>
  Array.from({ length: count }, (_, slot) => aView(`gpu-${slot}`, { slot }));
const sessions = (count: number): string[] => Array.from({ length: count }, (_, i) => `chat-${i}`);
const placesOf = (ids: readonly string[], views: readonly InstanceView[]): string[] =>
  ids.map((session) => chosenFor({ session }, views));

describe('session affinity', () => {
  it('sends a session to one instance, always the same', () => {
    const views = fleet(9);
    const first = chosenFor({ session: 'a' }, views);
    expect(first).toMatch(/^gpu-\d$/);
    expect(chosenFor({ session: 'a' }, [...views].reverse())).toBe(first);
  });

  it('goes by the user where a request names no session, apart for each tenant', () => {
    const views = fleet(50);
    expect(chosenFor({ user: 'u' }, views)).toBe(chosenFor({ session: 'u' }, views));
    const tenants = Array.from({ length: 20 }, (_, i) => chosenFor({ user: 'u', tenant: `t${i}` }, views));
    expect(new Set(tenants).size).toBeGreaterThan(10);
  });

  it.each([
    ['user', { session: 's', user: 'u' }, { session: 't', user: 'u' }],
    ['tenant', { session: 's', tenant: 'x' }, { user: 'u', tenant: 'x' }],
  ])('keeps together what has the same %s', (by, one, other) => {
    const views = fleet(50);
    expect(chosenFor(one, views, by)).toBe(chosenFor(other, views, by));
  });

  it('has nothing to say where there is nothing to go by', () => {
    const { scores, reasons } = scoredBy('session', aRequest(), fleet(2));
    expect(scores).toEqual({ 'gpu-0': 1, 'gpu-1': 1 });
    expect(reasons['gpu-0']).toBe('the request names no session');
  });

  it('shares sessions out evenly', () => {
    const counts = Map.groupBy(placesOf(sessions(4_000), fleet(8)), (id) => id);
    for (const ids of counts.values()) expect(Math.abs(ids.length - 500)).toBeLessThan(100);
    expect(counts.size).toBe(8);
  });

  it('gives an instance of twice the weight twice the sessions', () => {
    const views = [aView('large', { instance: { weight: 2 } }), aView('small')];
    const large = placesOf(sessions(3_000), views).filter((id) => id === 'large').length;
    expect(large / 3_000).toBeCloseTo(2 / 3, 1);
  });

  it('moves, when one leaves, only its own sessions; when one joins, only those that go to it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), fc.nat(11), fc.nat(1e6), (count, who, salt) => {
        const views = fleet(count);
        const ids = sessions(200).map((id) => `${id}-${salt}`);
        const before = placesOf(ids, views);
        const gone = views[who % count]!;
        const after = placesOf(
          ids,
          views.filter((view) => view !== gone),
        );
        before.forEach((place, i) => {
          if (place !== gone.instance.id) expect(after[i]).toBe(place);
          else expect(after[i]).not.toBe(place);
        });
      }),
      { numRuns: 40 },
    );
  });

  it('moves about 1/n of the sessions, and not more, when one of n leaves', () => {
    const ids = sessions(3_000);
    for (const count of [3, 8, 20]) {
      const views = fleet(count);
      const before = placesOf(ids, views);
      const moved = placesOf(ids, views.slice(1)).filter((place, i) => place !== before[i]).length;
      // Three standard deviations of a binomial above the mean.
      const most = ids.length / count + 3 * Math.sqrt((ids.length / count) * (1 - 1 / count));
      expect(moved).toBeLessThan(most);
      expect(moved).toBeGreaterThan(0);
    }
  });
});
