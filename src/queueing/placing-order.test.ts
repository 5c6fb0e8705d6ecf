import { describe, expect, it } from 'vitest';
import { anInstance, aRequest, aView } from '../../test/builders.ts';
import { priceTiers } from './cost-optimized/price-tiers.ts';
import { HeapOrder } from './heap-order.ts';
import { PlacingOrder } from './placing-order.ts';

const waiting = (id: string, joinOrder: number) => ({
  request: aRequest({ id, arrivalMs: joinOrder }),
  tokens: 1,
  enqueuedMs: 0,
  joinOrder,
});
const context = { nowMs: 5, instances: [aView('a')] };

describe('an order whose policy places as well', () => {
  it('adds to the next request where it goes and why', () => {
    const seen: unknown[] = [];
    const order = new PlacingOrder(new HeapOrder(({ request }) => request.arrivalMs), (request, at) => {
      seen.push([request.id, at]);
      return { instanceId: 'a', reason: 'because' };
    });
    const [first, second] = [waiting('first', 0), waiting('second', 1)];
    order.add(second);
    order.add(first);
    expect(order.next(context)).toEqual({ waiting: first, instanceId: 'a', reason: 'because' });
    expect(seen).toEqual([['first', context]]);
    expect([order.size, order.headKey(), order.ahead(second, 0)]).toEqual([2, 0, 1]);
    order.remove(first);
    expect(order.next(context)?.waiting).toBe(second);
  });

  it('lets nobody go where the policy says so, and asks nobody while it is empty', () => {
    let asked = 0;
    const order = new PlacingOrder(new HeapOrder(() => 0), () => {
      asked++;
      return undefined;
    });
    expect(order.next(context)).toBeUndefined();
    expect(asked).toBe(0);
    order.add(waiting('r', 0));
    expect(order.next(context)).toBeUndefined();
    expect(asked).toBe(1);
  });
});

describe('tiers of price', () => {
  const priced = (id: string, usdPerHour: number) => aView(id, { instance: { usdPerHour } });

  it('group places by price, the lowest first, in the order of the list', () => {
    const tiersOf = priceTiers(({ usdPerHour = 0 }) => usdPerHour);
    expect(tiersOf([priced('a', 3), priced('b', 1), priced('c', 3), priced('d', 2)])).toEqual([
      [1],
      [3],
      [0, 2],
    ]);
    expect(tiersOf([])).toEqual([]);
  });

  it('are found once for a list, and anew for another', () => {
    let asked = 0;
    const tiersOf = priceTiers(() => asked++);
    const views = [priced('a', 1)];
    expect(tiersOf(views)).toBe(tiersOf(views));
    expect(asked).toBe(1);
    tiersOf([...views]);
    expect(asked).toBe(2);
  });
});

describe('an instance without price', () => {
  it('is told from one that is free', () => {
    const tiersOf = priceTiers(({ usdPerHour = 7 }) => usdPerHour);
    const views = [aView('none', { instance: anInstance('none') }), priced0()];
    expect(tiersOf(views)).toEqual([[1], [0]]);
  });
  const priced0 = () => aView('free', { instance: { usdPerHour: 0 } });
});
