import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  anInstance,
  aRequest,
  aScheduler,
  aView,
  inShort,
  makeReady,
  type ViewFields,
} from '../../../test/builders.ts';
import { type LatencyPredictor, ManualClock, REQUEST_PRIORITIES, seededRandom } from '../../domain/index.ts';
import { findPreset, RoutingProfile } from '../../routing/index.ts';
import { DEFAULT_SCHEDULER_SETTINGS, Scheduler } from '../../scheduler/index.ts';
import { createPolicy } from '../policies.ts';
import { WaitingQueue } from '../waiting-queue.ts';
import { earliestFirstToken } from './earliest-first-token.ts';
import { type AdmissionSituation, admissionGate, type GateOptions } from './gate.ts';
import { saturationOf } from './saturation.ts';
import { SheddableRate } from './sheddable-rate.ts';

const queue = (...requests: ReturnType<typeof aRequest>[]) => {
  const waiting = new WaitingQueue(() => createPolicy({ name: 'fifo' }));
  for (const request of requests) waiting.add(request, 0);
  return waiting;
};
const situation = (fields: Partial<AdmissionSituation> = {}): AdmissionSituation => ({
  nowMs: 0,
  lane: queue().lane('m'),
  instances: [aView('a')],
  drainRatePerSecond: 0,
  ...fields,
});

describe('the gate: in time or not', () => {
  const refusal = (fields: object, options: GateOptions = {}) =>
    admissionGate({ earliestFirstTokenMs: () => 1_000, ...options }).refusal(aRequest(fields), situation());

  it('turns a sheddable request away that cannot be served in time, and says by how much', () => {
    expect(refusal({ priority: 'LOW', ttftSloMs: 900 })).toEqual({
      reason: 'infeasible',
      message:
        'No instance could begin to answer in time: in 1000 ms at the earliest, and it is wanted within 900 ms.',
    });
  });

  it.each([
    ['can be served in time', { priority: 'LOW', ttftSloMs: 1_000 }],
    ['is of a class that waits whatever comes', { priority: 'NORMAL', ttftSloMs: 10 }],
    ['has no SLO and no deadline', { priority: 'BACKGROUND' }],
  ])('lets one on that %s', (_, fields) => {
    expect(refusal(fields)).toBeUndefined();
  });

  it('lets everybody on where nobody knows', () => {
    expect(
      refusal({ priority: 'LOW', deadlineMs: 1 }, { earliestFirstTokenMs: () => undefined }),
    ).toBeUndefined();
  });

  it('may be set to other classes', () => {
    expect(refusal({ deadlineMs: 1 }, { sheddableFrom: 'NORMAL' })?.reason).toBe('infeasible');
    expect(refusal({ priority: 'LOW', deadlineMs: 1 }, { sheddableFrom: 'BACKGROUND' })).toBeUndefined();
  });
});

describe('the gate: overload', () => {
  it('lets in fewer of those that may be shed the longer it lasts, and none of the others fewer', () => {
    const gate = admissionGate({ saturation: () => 1.5 });
    let let_in = 0;
    for (let second = 0; second < 20; second++) {
      const now = situation({ nowMs: second * 1_000 });
      expect(gate.refusal(aRequest(), now)).toBeUndefined();
      if (gate.refusal(aRequest({ priority: 'LOW' }), now) === undefined) let_in++;
    }
    expect(let_in).toBeGreaterThan(2);
    expect(let_in).toBeLessThan(10);
  });

  it('says how few are let in', () => {
    const gate = admissionGate({ saturation: () => 2 });
    const messages = [];
    for (let nowMs = 0; nowMs < 5_000; nowMs += 1_000)
      messages.push(gate.refusal(aRequest({ priority: 'LOW' }), situation({ nowMs }))?.message);
    expect(messages).toContain('The instances are saturated; of LOW requests 80 % are let in now.');
  });
});

describe('the share of sheddable requests', () => {
  const at = (rate: SheddableRate, saturation: number, ...seconds: number[]) => {
    for (const second of seconds) rate.observe(saturation, second * 1_000);
    return rate.share;
  };

  it('is not cut before overload has lasted two seconds, and then by a fifth each second', () => {
    const rate = new SheddableRate();
    expect(at(rate, 2, 0, 1, 1.9)).toBe(1);
    expect(at(rate, 2, 2, 2.5)).toBeCloseTo(0.8);
    expect(at(rate, 2, 3, 4)).toBeCloseTo(0.512);
  });

  it('comes back by two hundredths a second', () => {
    const rate = new SheddableRate();
    at(rate, 2, 0, 2, 3);
    expect(at(rate, 0.5, 4, 8)).toBeCloseTo(0.64 + 0.1);
    expect(at(rate, 0.5, 60)).toBe(1);
  });

  it('forgets an overload that did not last', () => {
    const rate = new SheddableRate();
    at(rate, 2, 0, 1);
    at(rate, 1, 1.5);
    expect(at(rate, 2, 2, 3)).toBe(1);
  });

  it('is what is let in, whatever it is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), (seconds) => {
        const rate = new SheddableRate();
        for (let second = 0; second <= seconds; second++) rate.observe(2, second * 1_000);
        let letIn = 0;
        for (let i = 0; i < 1_000; i++) if (rate.mayEnter()) letIn++;
        expect(Math.abs(letIn - 1_000 * rate.share)).toBeLessThanOrEqual(1);
        expect(letIn).toBeGreaterThanOrEqual(9);
      }),
    );
  });
});

describe('saturation', () => {
  const work = (uncachedTokens: number): ViewFields => ({ work: { ...aView('x').work, uncachedTokens } });
  const kv = (kvCacheUsage: number): ViewFields => ({ report: { instanceId: 'a', atMs: 0, kvCacheUsage } });

  it('is the mean of the worse of work and memory, of instances in rotation', () => {
    expect(saturationOf([aView('a', work(500)), aView('b', kv(0.9))], 1_000)).toBeCloseTo(0.75);
    expect(
      saturationOf([aView('a', work(500)), aView('b', { ...work(9_999), state: 'ejected' })], 1_000),
    ).toBe(0.5);
  });

  it('is 0 where nothing is there, which is no overload', () => {
    expect(saturationOf([], 1_000)).toBe(0);
    expect(saturationOf([aView('a', { state: 'ejected' })], 1_000)).toBe(0);
  });
});

describe('the earliest first token', () => {
  const asked: object[] = [];
  const predictor = {
    ttft: (facts: { uncachedTokens: number; queuedPrefillTokens: number }) => {
      asked.push(facts);
      return { mean: facts.uncachedTokens + facts.queuedPrefillTokens, standardDeviation: 0 };
    },
  } as unknown as LatencyPredictor;
  const earliest = earliestFirstToken(predictor, { cachedTokens: (_, id) => (id === 'holds' ? 90 : 0) });
  const withWork = (id: string, uncachedTokens: number, fields: ViewFields = {}) =>
    aView(id, { ...fields, work: { ...aView('x').work, uncachedTokens } });
  const request = aRequest({ promptTokens: 100, priority: 'LOW' });

  it('is that of the ready instance with the least work', () => {
    const instances = [withWork('a', 500), withWork('b', 50), withWork('out', 0, { state: 'draining' })];
    expect(earliest(request, situation({ nowMs: 7, instances }))).toBe(7 + 150);
  });

  it('counts only the part of the prompt that is not held there', () => {
    expect(earliest(request, situation({ instances: [withWork('holds', 0)] }))).toBe(10);
  });

  it('comes after those of its class and above have left the queue', () => {
    const lane = queue(
      aRequest({ priority: 'HIGH' }),
      aRequest({ priority: 'LOW' }),
      aRequest({ priority: 'BACKGROUND' }),
    ).lane('m');
    expect(earliest(request, situation({ lane, drainRatePerSecond: 4 }))).toBe(500);
  });

  it('comes after one more has ended where every window is full, also with nobody before it', () => {
    const full = withWork('a', 0, { inFlightRequests: 4, windowRequests: 4 });
    const open = withWork('b', 50, { inFlightRequests: 3, windowRequests: 4 });
    expect(earliest(request, situation({ instances: [full], drainRatePerSecond: 0.2 }))).toBe(5_000);
    expect(earliest(request, situation({ instances: [full, open], drainRatePerSecond: 0.2 }))).toBe(100);
    const failed = aRequest({ promptTokens: 100, failedInstances: ['b'] });
    expect(earliest(failed, situation({ instances: [full, open], drainRatePerSecond: 0.2 }))).toBe(5_000);
  });

  it('is at least its own time while nothing has left yet, and nobody knows when something will', () => {
    const full = withWork('a', 0, { inFlightRequests: 4, windowRequests: 4 });
    expect(earliest(request, situation({ instances: [full] }))).toBe(100);
    expect(earliest(request, situation({ lane: queue(aRequest()).lane('m') }))).toBe(100);
  });

  it('is not known without instances', () => {
    expect(earliest(request, situation({ instances: [] }))).toBeUndefined();
    expect(earliest(aRequest({ failedInstances: ['a'] }), situation())).toBeUndefined();
  });
});

describe('a scheduler with a gate', () => {
  const full = (options: GateOptions) => {
    const clock = new ManualClock(0);
    const scheduler = new Scheduler({
      clock,
      random: seededRandom(1),
      policy: createPolicy({ name: 'fifo' }),
      profile: new RoutingProfile(findPreset('least-loaded')),
      settings: DEFAULT_SCHEDULER_SETTINGS,
      gate: admissionGate(options),
    });
    makeReady(scheduler, anInstance('a', { maxConcurrency: 1 }));
    const arrive = (fields: object) =>
      scheduler.handle({ type: 'request-arrived', request: aRequest(fields) });
    arrive({ id: 'running' });
    return { scheduler, clock, arrive };
  };

  it('tells at once whom waiting would not help, with when to come back, and lets the others wait', () => {
    const { scheduler, arrive } = full({ earliestFirstTokenMs: () => 5_000 });
    expect(inShort(arrive({ id: 'low', priority: 'LOW', ttftSloMs: 100 }))).toEqual(['low✗infeasible']);
    expect(arrive({ id: 'high', priority: 'HIGH', ttftSloMs: 100 })).toEqual([]);
    expect(arrive({ priority: 'LOW', ttftSloMs: 100 })[0]).toMatchObject({
      retryAfterMs: expect.any(Number),
    });
    expect(scheduler.counters.rejected).toMatchObject({ infeasible: 2, 'queue-full': 0 });
  });

  it('does not ask it for a request that can go at once', () => {
    const { scheduler, arrive } = full({ earliestFirstTokenMs: () => 5_000 });
    scheduler.handle({ type: 'request-completed', requestId: 'running' });
    expect(inShort(arrive({ id: 'low', priority: 'LOW', ttftSloMs: 100 }))).toEqual(['low→a']);
  });

  it('tells overload from there being nothing', () => {
    const { scheduler, clock, arrive } = full({
      saturation: ({ instances }) => 9 * saturationOf(instances, 1),
    });
    const reasons = (): string[] => {
      const found: string[] = [];
      for (let i = 0; i < 8; i++) {
        clock.advance(1_000);
        const effects = arrive({ priority: 'LOW', promptTokens: 100 });
        found.push(...effects.flatMap((effect) => (effect.type === 'reject' ? [effect.reason] : [])));
      }
      return [...new Set(found)];
    };
    expect(reasons()).toEqual(['overloaded']);
    scheduler.handle({ type: 'instance-health', instanceId: 'a', isHealthy: false });
    clock.advance(60_000);
    scheduler.handle({ type: 'time-passed' });
    clock.advance(60_000);
    scheduler.handle({ type: 'time-passed' });
    expect(scheduler.counters.rejected['no-instance']).toBeGreaterThan(0);
  });

  it('sheds no class above one that waits', () => {
    const priority = fc.constantFrom(...REQUEST_PRIORITIES);
    fc.assert(
      fc.property(fc.array(priority, { maxLength: 30 }), (priorities) => {
        const { arrive } = full({ earliestFirstTokenMs: () => 5_000, saturation: () => 9 });
        for (const one of priorities) {
          const effects = arrive({ priority: one, ttftSloMs: 10 });
          expect(effects.length > 0).toBe(one === 'LOW' || one === 'BACKGROUND');
        }
      }),
    );
  });

  it('is not needed', () => {
    const { scheduler } = aScheduler({ instances: [anInstance('a', { maxConcurrency: 1 })] });
    const effects = [1, 2].map(() =>
      scheduler.handle({ type: 'request-arrived', request: aRequest({ priority: 'LOW', ttftSloMs: 1 }) }),
    );
    expect(effects.map(({ length }) => length)).toEqual([1, 0]);
  });
});
