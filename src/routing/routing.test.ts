import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aRequest, aRoutingMemory, aView, type ViewFields } from '../../test/builders.ts';
import { INSTANCE_STATES, type RequestMetadata, seededRandom } from '../domain/index.ts';
import { MAX_EXPLAINED } from './choice.ts';
import { estimatedRequests, type InstanceView, reportFreshness } from './instance-view.ts';
import type { Filter } from './plugins.ts';
import { findPreset, PRESET_NAMES } from './presets.ts';
import { type ProfileSettings, RoutingProfile } from './profile.ts';
import { FILTER_NAMES, makeFilter, makePicker, PICKER_NAMES } from './registry.ts';

/** All that a part may need; nothing has been learnt. */
const INPUTS = aRoutingMemory().inputs;

const context = (nowMs = 0, seed = 1) => ({
  nowMs,
  random: seededRandom(seed),
  inputs: INPUTS,
});
const report = (atMs: number, waitingRequests: number, runningRequests: number) => ({
  instanceId: 'a',
  atMs,
  waitingRequests,
  runningRequests,
});

describe('an instance view', () => {
  it.each<[string, ViewFields, number, number]>([
    ['counts our own without a report', { inFlightRequests: 3 }, 0, 3],
    ['takes what is reported of others', { inFlightRequests: 2, report: report(0, 1, 6) }, 0, 7],
    [
      'adds what we dispatched since the report',
      { inFlightRequests: 2, report: report(0, 0, 5), dispatchedSinceReport: 2 },
      0,
      7,
    ],
    [
      'takes off what ended since the report',
      { inFlightRequests: 0, report: report(0, 0, 5), endedSinceReport: 2 },
      0,
      3,
    ],
    ['never counts less than our own', { inFlightRequests: 4, report: report(0, 0, 1) }, 0, 4],
    [
      'halves what is reported of others at twice the age of staleness',
      { report: report(0, 0, 8) },
      6_000,
      4,
    ],
  ])('%s', (_, fields, nowMs, expected) => {
    expect(estimatedRequests(aView('a', fields), nowMs)).toBe(expected);
  });

  it('trusts a report fully until it is stale and then as 1/age', () => {
    const view = aView('a', { report: report(0, 0, 0) });
    expect([0, 3_000, 6_000, 30_000].map((nowMs) => reportFreshness(view, nowMs))).toEqual([1, 1, 0.5, 0.1]);
    expect(reportFreshness(aView('b'), 0)).toBe(0);
  });
});

function keptBy(filter: Filter, request: RequestMetadata, views: InstanceView[], nowMs = 0): InstanceView[] {
  const dropped = new Uint8Array(views.length);
  filter.apply(request, views, dropped, 1, context(nowMs));
  return views.filter((_, i) => dropped[i] === 0);
}

describe('filters', () => {
  const cases: [filter: string, what: string, view: ViewFields, request: object, keeps: boolean][] = [
    ...INSTANCE_STATES.map(
      (state) =>
        ['health', state, { state }, {}, state === 'ready'] as [string, string, ViewFields, object, boolean],
    ),
    ['model', 'another model', { instance: { models: ['x'] } }, { model: 'y' }, false],
    ['model', 'the model', { instance: { models: ['x', 'y'] } }, { model: 'y' }, true],
    ['model', 'an adapter asked for as model', { instance: { adapters: ['lora'] } }, { model: 'lora' }, true],
    ['model', 'without the adapter', {}, { adapter: 'lora' }, false],
    ['model', 'with the adapter', { instance: { adapters: ['lora'] } }, { adapter: 'lora' }, true],
    ['role', 'a prefill instance', { instance: { role: 'prefill' } }, {}, false],
    ['role', 'a whole instance', { instance: { role: 'both' } }, {}, true],
    ['not-failed', 'one that failed it', {}, { failedInstances: ['b', 'a'] }, false],
    ['not-failed', 'one that did not', {}, { failedInstances: ['b'] }, true],
    ['window', 'room', { inFlightRequests: 3, windowRequests: 4 }, {}, true],
    ['window', 'no room', { inFlightRequests: 4, windowRequests: 4 }, {}, false],
    ['window', 'rest', { restingUntilMs: 1 }, {}, false],
    [
      'window',
      'prompts that fit',
      { pendingPrefillTokens: 60, instance: { maxPrefillTokens: 100 } },
      { promptTokens: 40 },
      true,
    ],
    [
      'window',
      'prompts too many',
      { pendingPrefillTokens: 61, instance: { maxPrefillTokens: 100 } },
      { promptTokens: 40 },
      false,
    ],
    [
      'window',
      'a prompt larger than it, alone',
      { instance: { maxPrefillTokens: 100 } },
      { promptTokens: 400 },
      true,
    ],
    ['labels', 'nothing asked for', {}, {}, true],
    [
      'labels',
      'another label',
      { instance: { labels: { zone: 'us' } } },
      { tags: { 'label.zone': 'eu' } },
      false,
    ],
    ['kv-headroom', 'an engine that reports nothing', {}, { promptTokens: 1e9 }, true],
    [
      'context-length',
      'nobody with a longer context',
      { instance: { maxContextTokens: 1 } },
      { promptTokens: 9 },
      true,
    ],
    ['slo-feasible', 'nobody who is in time', {}, { promptTokens: 1e6, ttftSloMs: 1 }, true],
    ['prefix-affinity', 'a prompt that nobody holds', {}, { promptTokens: 9 }, true],
    ['pd-role', 'nobody whose role fits', { instance: { role: 'decode' } }, { promptTokens: 9_000 }, true],
  ];
  it.each(cases)('%s: %s', (name, _what, view, request, keeps) => {
    expect(keptBy(makeFilter(name, INPUTS), aRequest(request), [aView('a', view)])).toHaveLength(
      keeps ? 1 : 0,
    );
  });

  it.each(FILTER_NAMES)('%s leaves alone what another filter has dropped', (name) => {
    const view = aView('a', { state: 'gone', windowRequests: 0, instance: { role: 'decode', models: [] } });
    const dropped = Uint8Array.of(7);
    makeFilter(name, INPUTS).apply(aRequest({ failedInstances: ['a'] }), [view], dropped, 1, context());
    expect(dropped[0]).toBe(7);
  });

  it('has a case for every filter there is', () => {
    expect(new Set(cases.map(([name]) => name))).toEqual(new Set(FILTER_NAMES));
  });
});

describe('pickers', () => {
  const views = [
    aView('a', { lastDispatchOrder: 7 }),
    aView('b', { lastDispatchOrder: 3 }),
    aView('c', { lastDispatchOrder: 5 }),
  ];
  const shares = (picker: string, totals: number[], draws = 6_000): Record<string, number> => {
    const counts: Record<string, number> = { a: 0, b: 0, c: 0 };
    const drawn = context();
    for (let i = 0; i < draws; i++) {
      const index = makePicker(picker, {}).pick(views, Float64Array.from(totals), drawn);
      counts[views[index]!.instance.id]! += 1 / draws;
    }
    return counts;
  };

  it('best takes the highest total', () => {
    expect(shares('best', [0.1, 0.9, 0.5])).toEqual({ a: 0, b: expect.closeTo(1), c: 0 });
  });

  it('best draws evenly among equals', () => {
    const drawn = shares('best', [0.9, 0.1, 0.9]);
    expect(drawn.b).toBe(0);
    expect(drawn.a).toBeCloseTo(0.5, 1);
  });

  it('random takes each as often', () => {
    for (const share of Object.values(shares('random', [1, 0, 0]))) expect(share).toBeCloseTo(1 / 3, 1);
  });

  it('turns counts its choices, whoever is left at each', () => {
    const picker = makePicker('turns', INPUTS);
    const pick = (...ids: string[]) =>
      ids[
        picker.pick(
          ids.map((id) => aView(id)),
          new Float64Array(3),
          context(),
        )
      ];
    expect([pick('a', 'b', 'c'), pick('a', 'b', 'c'), pick('a', 'c'), pick('a', 'b', 'c')]).toEqual([
      'a',
      'b',
      'a',
      'a',
    ]);
    expect(makePicker('turns', INPUTS).pick([aView('a'), aView('b')], new Float64Array(2), context())).toBe(
      0,
    );
  });

  it('round-robin takes the one that was served longest ago', () => {
    expect(shares('round-robin', [1, 0, 0])).toEqual({ a: 0, b: expect.closeTo(1), c: 0 });
  });

  it('power-of-two takes the best of three in two thirds, the worst never', () => {
    const drawn = shares('power-of-two', [0.1, 0.9, 0.5]);
    expect(drawn.a).toBe(0);
    expect(drawn.b).toBeCloseTo(2 / 3, 1);
  });

  it('power-of-two draws nothing where there are but two, and takes the better, either of equals', () => {
    const two = views.slice(0, 2);
    const picker = makePicker('power-of-two', INPUTS);
    const unused = { ...context(), random: { next: () => expect.unreachable('a draw') } };
    expect(picker.pick(two, Float64Array.of(0.1, 0.9), unused)).toBe(1);
    const drawn = context();
    const picked = Array.from({ length: 100 }, () => picker.pick(two, Float64Array.of(0.5, 0.5), drawn));
    expect(new Set(picked)).toEqual(new Set([0, 1]));
  });

  it.each(PICKER_NAMES)('%s takes the only one there is', (name) => {
    expect(makePicker(name, {}).pick([aView('a')], Float64Array.of(0), context())).toBe(0);
  });
});

describe('a routing profile', () => {
  const leastLoaded = () => new RoutingProfile(findPreset('least-loaded'));

  it('sends a request to the instance with the least load', () => {
    const views = [5, 2, 9].map((inFlightRequests, i) => aView(`i${i}`, { inFlightRequests }));
    expect(leastLoaded().route(aRequest(), views, context())?.instanceId).toBe('i1');
  });

  it('counts load per unit of weight', () => {
    const views = [
      aView('small', { inFlightRequests: 2 }),
      aView('large', { inFlightRequests: 4, instance: { weight: 4 } }),
    ];
    expect(leastLoaded().route(aRequest(), views, context())?.instanceId).toBe('large');
  });

  it('chooses nobody when nobody is left', () => {
    expect(leastLoaded().route(aRequest(), [aView('a', { state: 'draining' })], context())).toBeUndefined();
    expect(leastLoaded().route(aRequest(), [], context())).toBeUndefined();
  });

  it('tells an instance that is only full from one that will never do', () => {
    const full = aView('full', { inFlightRequests: 1, windowRequests: 1 });
    const failed = aRequest({ failedInstances: ['full'] });
    expect(leastLoaded().couldServe(aRequest(), [full], context())).toBe(true);
    expect(leastLoaded().couldServe(failed, [full], context())).toBe(false);
  });

  it('explains its choice: who was dropped by what, and who got which score why', () => {
    const views = [
      aView('busy', { inFlightRequests: 4 }),
      aView('idle'),
      aView('full', { inFlightRequests: 8, windowRequests: 8 }),
      aView('leaving', { state: 'draining' }),
    ];
    const choice = leastLoaded().route(aRequest(), views, context())!;
    expect(choice.candidates()).toEqual([
      {
        instanceId: 'idle',
        total: 1,
        scores: { load: 1 },
        reasons: { load: '0 requests per unit of weight' },
      },
      {
        instanceId: 'busy',
        total: 0,
        scores: { load: 0 },
        reasons: { load: '4 requests per unit of weight' },
      },
      { instanceId: 'full', droppedBy: 'window' },
      { instanceId: 'leaving', droppedBy: 'health' },
    ]);
    expect(choice.filteredOut()).toEqual({ window: 1, health: 1 });
    expect(choice.reason()).toBe(
      'best of 2 that passed, 4 looked at: load 1 × 1 (0 requests per unit of weight)',
    );
  });

  it('keeps its explanation after later choices', () => {
    const profile = leastLoaded();
    const first = profile.route(aRequest(), [aView('a', { inFlightRequests: 1 }), aView('b')], context())!;
    profile.route(aRequest(), [aView('c', { inFlightRequests: 7 })], context());
    expect(first.candidates().map(({ instanceId }) => instanceId)).toEqual(['b', 'a']);
  });

  it('explains at most 32 candidates of a large fleet, the best ones', () => {
    const views = Array.from({ length: 200 }, (_, i) => aView(`i${i}`, { inFlightRequests: (i * 37) % 200 }));
    const explained = leastLoaded().route(aRequest(), views, context())!.candidates();
    expect(explained).toHaveLength(MAX_EXPLAINED);
    const totals = explained.map(({ total }) => total!);
    expect(totals).toEqual([...totals].sort((a, b) => b - a));
    expect(totals.at(-1)).toBeCloseTo((199 - 31) / 199);
  });

  it('chooses, whatever the fleet, an instance that every filter keeps', () => {
    const someView = fc.record({
      state: fc.constantFrom(...INSTANCE_STATES),
      inFlightRequests: fc.nat(4),
      windowRequests: fc.integer({ min: 1, max: 4 }),
      restingUntilMs: fc.constantFrom(0, 10),
    });
    fc.assert(
      fc.property(
        fc.array(someView, { maxLength: 40 }),
        fc.constantFrom(...PRESET_NAMES),
        (fleet, preset) => {
          const views = fleet.map((fields, i) => aView(`i${i}`, fields));
          const profile = new RoutingProfile(findPreset(preset), INPUTS);
          const request = aRequest();
          const fit = profile.filters.reduce((left, filter) => keptBy(filter, request, left, 5), views);
          const choice = profile.route(request, views, context(5));
          if (fit.length === 0) expect(choice).toBeUndefined();
          else expect(fit.map(({ instance }) => instance.id)).toContain(choice!.instanceId);
        },
      ),
    );
  });

  const broken: [string, Partial<ProfileSettings>, string][] = [
    ['an unknown filter', { filters: ['helth'] }, 'filter: found "helth", allowed are health'],
    ['an unknown scorer', { scorers: [{ name: 'lod', weight: 1 }] }, 'scorer: found "lod", allowed are load'],
    ['an unknown picker', { picker: 'bset' }, 'picker: found "bset", allowed are best'],
    [
      'a weight of 0',
      { scorers: [{ name: 'load', weight: 0 }] },
      'the weight of scorer "load" must be above 0, got 0',
    ],
  ];
  it.each(broken)('refuses %s', (_, part, message) => {
    expect(() => new RoutingProfile({ ...findPreset('least-loaded'), ...part })).toThrow(message);
  });

  it('refuses an unknown preset and says which there are', () => {
    expect(() => findPreset('fastest')).toThrow('found "fastest", allowed are least-loaded, power-of-two');
  });
});
