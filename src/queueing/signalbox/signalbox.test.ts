import { describe, expect, it } from 'vitest';
import { aPredictor } from '../../../test/builders.ts';
import { Line } from '../__fixtures__/line.ts';
import { signalboxPolicy } from './policy.ts';

/** `count` requests alike, named after `fields.id`. */
const some = (count: number, fields: Parameters<Line['join']>[0] = {}) =>
  Array.from({ length: count }, (_, i) => ({ ...fields, id: `${fields.id}${i}` }));

function aLine(parameters = {}, inputs = {}): Line {
  return new Line(signalboxPolicy(parameters, inputs));
}

describe('signalbox: classes', () => {
  it('lets a higher class go first', () => {
    const line = aLine();
    line.join({ id: 'low', priority: 'LOW' }, { id: 'critical', priority: 'CRITICAL' }, { id: 'normal' });
    expect(line.order()).toEqual(['critical', 'normal', 'low']);
  });

  it('gives a lower class its guaranteed share meanwhile', () => {
    const line = aLine({ bandShare: 0.2 });
    line.join(...some(12, { id: 'high', priority: 'HIGH' }), ...some(2, { id: 'low', priority: 'LOW' }));
    const order = line.order();
    expect(order.indexOf('low0')).toBe(5);
    expect(order.indexOf('low1')).toBe(10);
  });

  it('measures shares in tokens, not in requests', () => {
    const line = aLine({ bandShare: 0.1, expectedOutputTokens: 0 });
    line.join(...some(30, { id: 'high', priority: 'HIGH', promptTokens: 100 }));
    line.join({ id: 'long', priority: 'LOW', promptTokens: 200 });
    expect(line.order().indexOf('long')).toBe(20);
  });

  it('owes nothing to a class that had nothing waiting', () => {
    const line = aLine({ bandShare: 0.2 });
    line.join(...some(9, { id: 'high', priority: 'HIGH' }));
    line.order(8);
    line.join({ id: 'low', priority: 'LOW' }, { id: 'high last', priority: 'HIGH' });
    expect(line.order()).toEqual(['high8', 'high last', 'low']);
  });
});

describe('signalbox: tenants of a class', () => {
  it('lets the one go that has consumed least', () => {
    const line = aLine({ expectedOutputTokens: 0 });
    line.join(...some(3, { id: 'big', tenant: 'b', promptTokens: 300 }));
    line.join(...some(5, { id: 'small', tenant: 's', promptTokens: 100 }));
    expect(line.order()).toEqual(['big0', 'small0', 'small1', 'small2', 'big1', 'small3', 'small4', 'big2']);
  });

  it('lets a tenant of twice the weight consume twice as much', () => {
    const line = aLine({ tenantWeights: { gold: '2' }, expectedOutputTokens: 0 });
    line.join(...some(9, { id: 'gold', tenant: 'gold', promptTokens: 10 }));
    line.join(...some(9, { id: 'plain', tenant: 'plain', promptTokens: 10 }));
    expect(line.order(9).filter((id) => id.startsWith('gold'))).toHaveLength(6);
  });

  it('lifts a tenant that comes back: what it did not use while it was away is not saved up', () => {
    const line = aLine({ expectedOutputTokens: 0 });
    line.join(...some(20, { id: 'here', tenant: 'here', promptTokens: 10 }));
    line.order(10);
    line.join(...some(10, { id: 'back', tenant: 'back', promptTokens: 10 }));
    const order = line.order(10);
    expect(order.filter((id) => id.startsWith('back'))).toHaveLength(5);
  });

  it('charges what was expected at dispatch, and corrects it by what it was', () => {
    const line = aLine({ expectedOutputTokens: 100 });
    line.join(...some(6, { id: 'brief', tenant: 'b' }), ...some(6, { id: 'as expected', tenant: 'e' }));
    // The brief one got 5 tokens of the 100 it was charged for; so it goes again and again.
    const order = [];
    for (let i = 0; i < 7; i++) {
      const { request } = line.serve()!;
      order.push(request.tenant);
      const facts = { latencyMs: 1, queueMs: 0, outputTokens: request.tenant === 'b' ? 5 : 100 };
      line.policy.onRequestCompleted?.(request, facts, line.instance, 0);
    }
    expect(order).toEqual(['b', 'e', 'b', 'b', 'b', 'b', 'b']);
  });

  it('charges only the part of a prompt that the instance does not hold', () => {
    const prefixes = { cachedTokens: ({ tenant }: { tenant?: string }) => (tenant === 'cached' ? 90 : 0) };
    const line = aLine({ expectedOutputTokens: 0 }, { prefixes });
    line.join(...some(20, { id: 'c', tenant: 'cached', promptTokens: 100 }));
    line.join(...some(20, { id: 'p', tenant: 'plain', promptTokens: 100 }));
    expect(line.order(22).filter((id) => id.startsWith('p'))).toHaveLength(2);
  });

  it('gives back what was charged for a request that its instance failed', () => {
    const line = aLine({ expectedOutputTokens: 0 });
    line.join(...some(3, { id: 'unlucky', tenant: 'u', promptTokens: 10 }));
    line.join(...some(3, { id: 'other', tenant: 'o', promptTokens: 10 }));
    const { request } = line.serve()!;
    line.policy.onRequestFailed?.(request, line.instance, 0, 'retried');
    expect(line.order(3)).toEqual(['unlucky1', 'other0', 'unlucky2']);
  });

  it('gives nothing back to a caller who leaves in the middle of the answer', () => {
    const line = aLine({ expectedOutputTokens: 0 });
    line.join(...some(3, { id: 'leaving', tenant: 'l', promptTokens: 10 }));
    line.join(...some(3, { id: 'other', tenant: 'o', promptTokens: 10 }));
    const { request } = line.serve()!;
    line.policy.onFirstToken?.(request, line.instance, 1, 1);
    line.policy.onRequestFailed?.(request, line.instance, 2, 'cancelled');
    expect(line.order(2)).toEqual(['other0', 'leaving1']);
  });

  it('takes no notice of the end of a request that another policy dispatched', () => {
    const line = aLine();
    const [request] = line.join({ id: 'waits' });
    line.policy.onRequestCompleted?.(
      request!,
      { latencyMs: 1, queueMs: 0, outputTokens: 9 },
      line.instance,
      0,
    );
    line.policy.onRequestFailed?.(request!, line.instance, 0, 'failed');
    expect(line.order()).toEqual(['waits']);
  });

  it('counts what a tenant got in other lanes, up to a bound', () => {
    const consumer = (foreignTokens: number): string[] => {
      const line = aLine({ foreignTokens, expectedOutputTokens: 0 });
      line.join(...some(10, { id: 'x', model: 'other', tenant: 'x', promptTokens: 100 }));
      line.join(...some(4, { id: 'x in m', tenant: 'x', promptTokens: 10 }));
      line.join(...some(12, { id: 'y', tenant: 'y', promptTokens: 10 }));
      for (let i = 0; i < 10; i++) line.serve(undefined, 'other');
      return line.order(8);
    };
    expect(consumer(0).filter((id) => id.startsWith('x'))).toHaveLength(4);
    expect(consumer(30).filter((id) => id.startsWith('x'))).toHaveLength(3);
    expect(consumer(10_000).filter((id) => id.startsWith('x'))).toHaveLength(0);
  });
});

describe('signalbox: requests of a tenant', () => {
  it('lets the one with the least slack go first', () => {
    const line = aLine();
    line.join({ id: 'no SLO' }, { id: '2 s', ttftSloMs: 2_000 }, { id: 'deadline', deadlineMs: 900 });
    expect(line.order()).toEqual(['deadline', '2 s', 'no SLO']);
  });

  it('lets one without an SLO go before a later one with an SLO, once it has waited long enough', () => {
    const line = aLine();
    line.join({ id: 'patient', arrivalMs: 0 }, { id: 'slo', arrivalMs: 39_500, ttftSloMs: 2_000 });
    line.nowMs = 39_500;
    expect(line.order()).toEqual(['patient', 'slo']);
  });

  it('sets those aside that are late, and gives them a tenth', () => {
    const line = aLine();
    line.join(...some(2, { id: 'late', ttftSloMs: 10 }), ...some(20, { id: 'timely', ttftSloMs: 9_000 }));
    line.nowMs = 1_000;
    const order = line.order();
    expect([order.indexOf('late0'), order.indexOf('late1')]).toEqual([9, 19]);
  });
});

describe('signalbox: slack', () => {
  const prefixes = {
    cachedTokens: () => 0,
    mostCachedTokens: ({ id }: { id: string }) => (id === 'held' ? 900 : 0),
  };
  /** A millisecond for each token that is not held. */
  const ttft = ({ uncachedTokens }: { uncachedTokens: number }) => ({
    mean: uncachedTokens,
    standardDeviation: 0,
  });
  const aTimedLine = (inputs = {}) => {
    const line = aLine({}, { predictor: { ...aPredictor(), ttft }, ...inputs });
    line.policy.onInstanceRegistered?.(line.instance);
    return line;
  };
  const long = { id: 'long', promptTokens: 1_000, ttftSloMs: 1_500 };

  it('is what is left of the time after the prompt’s own: a long one goes before a short one that is due sooner', () => {
    const line = aTimedLine();
    line.join({ id: 'short', promptTokens: 10, ttftSloMs: 1_000 }, long);
    expect(line.order()).toEqual(['long', 'short']);
  });

  it('does not count what some instance holds of the prompt', () => {
    const line = aTimedLine({ prefixes });
    line.join({ id: 'short', promptTokens: 10, ttftSloMs: 1_000 }, { ...long, id: 'held' });
    expect(line.order()).toEqual(['short', 'held']);
  });

  it('is gone before the due time for one that cannot make it any more, which steps aside', () => {
    const line = aTimedLine();
    line.join(long, { id: 'other', promptTokens: 10, ttftSloMs: 1_600 });
    line.nowMs = 600;
    expect(line.order()).toEqual(['other', 'long']);
  });

  it('is the time to the due moment where nobody predicts', () => {
    const line = aLine();
    line.join(long, { id: 'short', promptTokens: 10, ttftSloMs: 1_000 });
    expect(line.order()).toEqual(['short', 'long']);
  });
});

describe('signalbox: prefixes', () => {
  const held = { hit: 80, 'small hit': 40 } as Record<string, number>;
  const prefixes = {
    cachedTokens: () => 0,
    mostCachedTokens: ({ id }: { id: string }) => held[id] ?? 0,
  };
  it('lets a hit go before its turn, within the quantum', () => {
    const line = aLine({ quantumTokens: 100 }, { prefixes });
    line.join({ id: 'miss', tenant: 'a', promptTokens: 100 });
    line.join(
      { id: 'small hit', tenant: 'b', promptTokens: 100 },
      { id: 'hit', tenant: 'c', promptTokens: 100 },
    );
    expect(line.order(2)).toEqual(['hit', 'small hit']);
  });

  it('does not let a tenant go before its turn for ever', () => {
    const line = aLine(
      { quantumTokens: 250, expectedOutputTokens: 0 },
      {
        prefixes: {
          cachedTokens: () => 0,
          mostCachedTokens: ({ tenant }: { tenant: string }) => (tenant === 'hits' ? 99 : 0),
        },
      },
    );
    line.join({ id: 'miss', tenant: 'misses', promptTokens: 100 });
    line.join(...some(9, { id: 'hit', tenant: 'hits', promptTokens: 100 }));
    expect(line.order().indexOf('miss')).toBe(3);
  });
});

describe('signalbox: lanes that share an instance', () => {
  const headOf = (line: Line, model: string) => line.queue.lane(model).order.headKey();

  it('compare by the most urgent of each, with ageing', () => {
    const line = aLine();
    line.join({ model: 'x', priority: 'BACKGROUND' }, { model: 'x', priority: 'HIGH', arrivalMs: 10 });
    line.join({ model: 'y', arrivalMs: 0 });
    expect(headOf(line, 'x')).toBeLessThan(headOf(line, 'y'));
    line.join({ model: 'z', priority: 'LOW', arrivalMs: -100_000 });
    expect(headOf(line, 'z')).toBeLessThan(headOf(line, 'x'));
    expect(headOf(line, 'nobody')).toBe(Number.POSITIVE_INFINITY);
  });

  it('let the tenant step back that has got more in any of them', () => {
    const line = aLine({ expectedOutputTokens: 0 });
    line.join(...some(2, { id: 'a', model: 'x', tenant: 'a', promptTokens: 500 }));
    line.join({ id: 'b', model: 'y', tenant: 'b', arrivalMs: 100 });
    expect(headOf(line, 'x')).toBeLessThan(headOf(line, 'y'));
    line.serve(undefined, 'x');
    expect(headOf(line, 'x')).toBeGreaterThan(headOf(line, 'y'));
  });
});

describe('signalbox: what it says of itself', () => {
  it('is how many of each class went, and who waits with how much', () => {
    const line = aLine({ expectedOutputTokens: 0 });
    line.join({ priority: 'HIGH', tenant: 't', promptTokens: 7 }, { priority: 'HIGH', tenant: 't' });
    line.serve();
    expect(line.policy.getStats?.()).toMatchObject({
      dispatchedByClass: { HIGH: 1, LOW: 0 },
      dispatchedLate: 0,
      consumedOfWaitingTenants: { HIGH: { t: 7 }, LOW: {} },
    });
  });

  it('tells how many are likely to go before a request', () => {
    const line = aLine();
    line.join(...some(3, { id: 'high', priority: 'HIGH' }), ...some(4, { id: 'other', tenant: 'o' }));
    line.join({ id: 'first', arrivalMs: 1 }, { id: 'second', arrivalMs: 2 });
    const { order } = line.queue.lane('m');
    expect(order.ahead(line.queue.get('first')!, 0)).toBe(3);
    expect(order.ahead(line.queue.get('second')!, 0)).toBe(3 + 1 + 1);
  });

  it.each([
    [{ bandShare: 0.5 }, 'bandShare must be a number from 0.001 to 0.2, found 0.5'],
    [{ tenantWeights: { a: 'heavy' } }, 'tenantWeights.a must be a number above 0, found "heavy"'],
    [{ share: 1 }, 'unknown parameter "share"'],
  ])('refuses %j', (parameters, message) => {
    expect(() => signalboxPolicy(parameters)).toThrow(message);
  });
});
