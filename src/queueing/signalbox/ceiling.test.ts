import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anInstance, aRequest, aScheduler, aView, inShort } from '../../../test/builders.ts';
import { REQUEST_PRIORITIES } from '../../domain/index.ts';
import { isBelowCeiling } from './ceiling.ts';
import { signalboxPolicy } from './policy.ts';

const busy = (inFlightRequests: number, windowRequests = 10) =>
  aView(`i${inFlightRequests}`, { inFlightRequests, windowRequests });

/** The lowest class that may still take room. */
const lowest = (instances: ReturnType<typeof aView>[], slope = 1): string =>
  REQUEST_PRIORITIES.filter((_, rank) => isBelowCeiling(rank, slope, instances)).at(-1)!;

describe('the ceiling of a class', () => {
  it.each([
    [4, 'BACKGROUND'],
    [5, 'LOW'],
    [6, 'NORMAL'],
    [7, 'HIGH'],
    [8, 'CRITICAL'],
    [10, 'CRITICAL'],
  ])('with %i of 10 requests everywhere lets down to %s through', (inFlight, expected) => {
    expect(lowest([busy(inFlight), busy(inFlight)])).toBe(expected);
  });

  it('counts the mean over the instances in rotation', () => {
    expect(lowest([busy(9), busy(3)])).toBe('NORMAL');
    expect(lowest([busy(9), busy(3), aView('out', { state: 'ejected', inFlightRequests: 0 })])).toBe(
      'NORMAL',
    );
  });

  it('counts a full KV cache like a full window', () => {
    const report = { instanceId: 'a', atMs: 0, kvCacheTokens: 1_000 };
    const view = aView('a', { inFlightRequests: 1, windowRequests: 10, report, work: { kvTokens: 800 } });
    expect(lowest([view])).toBe('CRITICAL');
  });

  it('is none while an instance has nothing to do, or where the slope is 0', () => {
    expect(lowest([busy(0), busy(10), busy(10)])).toBe('BACKGROUND');
    expect(lowest([busy(10)], 0)).toBe('BACKGROUND');
    expect(lowest([])).toBe('BACKGROUND');
  });

  it('never lets a class through while it keeps a higher one back', () => {
    const loads = fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(loads, fc.double({ min: 0, max: 1, noNaN: true }), (inFlight, slope) => {
        const may = REQUEST_PRIORITIES.map((_, rank) =>
          isBelowCeiling(
            rank,
            slope,
            inFlight.map((count) => busy(count)),
          ),
        );
        expect(may[0]).toBe(true);
        expect(may).toEqual([...may].sort((a, b) => Number(b) - Number(a)));
      }),
    );
  });
});

describe('signalbox with a ceiling', () => {
  const arrive = (id: string, priority: 'HIGH' | 'BACKGROUND' | 'CRITICAL') =>
    ({ type: 'request-arrived', request: aRequest({ id, priority }) }) as const;
  const aFleet = (parameters: { ceilingSlope?: number }) => {
    const { scheduler } = aScheduler({ instances: [anInstance('a', { maxConcurrency: 4 })] });
    scheduler.reconfigure({ policy: signalboxPolicy(parameters) });
    return scheduler;
  };

  it('keeps room for higher classes, and lets the lower ones go as it empties', () => {
    const scheduler = aFleet({ ceilingSlope: 1 });
    for (const id of ['b1', 'b2']) scheduler.handle(arrive(id, 'BACKGROUND'));
    expect(scheduler.queue.size).toBe(0);
    expect(scheduler.handle(arrive('b3', 'BACKGROUND'))).toEqual([]);
    expect(inShort(scheduler.handle(arrive('c', 'CRITICAL')))).toEqual(['c→a']);
    expect(scheduler.handle({ type: 'request-completed', requestId: 'c' })).toEqual([]);
    expect(inShort(scheduler.handle({ type: 'request-completed', requestId: 'b1' }))).toEqual(['b3→a']);
  });

  it('gives a class that is kept back its guaranteed share all the same', () => {
    const scheduler = aFleet({ ceilingSlope: 1 });
    for (const id of ['c1', 'c2', 'c3']) scheduler.handle(arrive(id, 'CRITICAL'));
    scheduler.handle(arrive('b', 'BACKGROUND'));
    let served = 0;
    for (; scheduler.queue.get('b') !== undefined && served < 100; served++) {
      scheduler.handle(arrive(`d${served}`, 'CRITICAL'));
      scheduler.handle({ type: 'request-completed', requestId: `d${served}` });
    }
    expect(served).toBeGreaterThan(10);
    expect(served).toBeLessThan(30);
  });

  it('leaves no room unused by default', () => {
    const scheduler = aFleet({});
    for (const id of ['1', '2', '3', '4']) {
      expect(inShort(scheduler.handle(arrive(id, 'BACKGROUND')))).toEqual([`${id}→a`]);
    }
  });
});
