/** What must hold of every part, on any fleet and for any request. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aPredictor, aRequest, aView } from '../../test/builders.ts';
import { aContext } from '../../test/routing-fixtures.ts';
import {
  INSTANCE_ROLES,
  INSTANCE_STATES,
  REQUEST_PRIORITIES,
  type RequestMetadata,
} from '../domain/index.ts';
import type { InstanceView } from './instance-view.ts';
import { createRoutingMemory } from './memory.ts';
import { prefixBlocksOfIds } from './prefix/index.ts';
import { FILTER_NAMES, makeFilter, makePicker, makeScorer, PICKER_NAMES, SCORER_NAMES } from './registry.ts';

const tokens = fc.nat(50_000);
const label = fc.constantFrom('', '1', '2');

const aFleet = fc
  .array(
    fc.record({
      state: fc.constantFrom(...INSTANCE_STATES),
      inFlightRequests: fc.nat(12),
      windowRequests: fc.integer({ min: 1, max: 12 }),
      lastDispatchOrder: fc.nat(9),
      dispatchedSinceReport: fc.nat(9),
      endedSinceReport: fc.nat(9),
      report: fc.option(
        fc.record(
          {
            instanceId: fc.constant('x'),
            atMs: fc.nat(5_000),
            waitingRequests: fc.nat(50),
            runningRequests: fc.nat(50),
            kvCacheUsage: fc.nat(110).map((percent) => percent / 100),
            kvCacheTokens: fc.nat(100_000),
            loadedAdapters: fc.subarray(['l', 'k']),
          },
          { requiredKeys: ['instanceId', 'atMs'] },
        ),
        { nil: undefined },
      ),
      work: fc.record({
        uncachedTokens: tokens,
        pairs: fc.nat(1e9),
        headUncachedTokens: fc.nat(1_000),
        headPairs: fc.nat(1e6),
        headSinceMs: fc.nat(5_000),
        decodingRequests: fc.nat(12),
        decodingKvTokens: tokens,
        kvTokens: tokens,
      }),
      instance: fc.record({
        role: fc.constantFrom(...INSTANCE_ROLES),
        weight: fc.constantFrom(0.5, 1, 4),
        adapters: fc.subarray(['l', 'k']),
        labels: fc.record({
          machine: label,
          rack: label,
          zone: label,
          nvlink_peers: fc.constantFrom('', 'i0,i1'),
        }),
      }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((fleet) => fleet.map((fields, i) => aView(`i${i}`, { ...fields, slot: i })));

const aWish: fc.Arbitrary<Partial<RequestMetadata>> = fc.record(
  {
    promptTokens: fc.integer({ min: 0, max: 30_000 }),
    maxTokens: fc.nat(5_000),
    priority: fc.constantFrom(...REQUEST_PRIORITIES),
    session: fc.constantFrom('s', 't'),
    user: fc.constantFrom('u'),
    adapter: fc.constantFrom('l'),
    ttftSloMs: fc.nat(2_000),
    tpotSloMs: fc.nat(50),
    tags: fc.constantFrom({ preferred_instance_id: 'i1' }, { 'label.zone': '1' }),
  },
  { requiredKeys: [] },
);

/** Inputs that remember that a prompt of these blocks went to some of the fleet. */
function inputsAfter(views: readonly InstanceView[], request: RequestMetadata) {
  const { inputs, listeners } = createRoutingMemory({ predictor: aPredictor() });
  for (const [i, { instance }] of views.entries()) {
    if (i % 3 !== 0) continue;
    for (const listener of listeners) listener.onRequestDispatched?.(request, instance, 0);
  }
  return inputs;
}

const asked = (wish: Partial<RequestMetadata>): RequestMetadata =>
  aRequest({
    prefixBlocks: prefixBlocksOfIds([1, 2, 3]),
    prefixBlockTokens: 100,
    promptTokens: 350,
    ...wish,
  });

/** The parts keep their arrays from decision to decision, so each is tried on several in a row. */
const RUNS = { numRuns: 60 };

describe('every scorer', () => {
  it.each(SCORER_NAMES)('%s gives numbers in [0, 1], with a reason in words', (name) => {
    fc.assert(
      fc.property(fc.array(fc.tuple(aFleet, aWish), { minLength: 1, maxLength: 3 }), (decisions) => {
        const scorers = new Map<unknown, ReturnType<typeof makeScorer>>();
        for (const [views, wish] of decisions) {
          const request = asked(wish);
          const inputs = inputsAfter(views, request);
          const scorer = scorers.get(name) ?? makeScorer(name, inputs);
          scorers.set(name, scorer);
          const scores = new Float64Array(views.length).fill(Number.NaN);
          const measures = new Float64Array(views.length).fill(Number.NaN);
          scorer.score(request, views, scores, measures, aContext(inputs, 3_000));
          for (const [i, score] of scores.entries()) {
            expect(score).toBeGreaterThanOrEqual(0);
            expect(score).toBeLessThanOrEqual(1);
            expect(scorer.describe(measures[i]!)).toMatch(/^\S.*\S$/);
            expect(scorer.describe(measures[i]!)).not.toMatch(/NaN|undefined|null/);
          }
        }
      }),
      RUNS,
    );
  });

  // `locality` goes by the order; F5's modes add up in the order of the members, and switch at thresholds, as there.
  it.each(SCORER_NAMES.filter((name) => name !== 'locality' && !/^s[12]/.test(name)))(
    '%s says the same in whatever order',
    (name) => {
      fc.assert(
        fc.property(aFleet, aWish, (views, wish) => {
          const request = asked(wish);
          const inputs = inputsAfter(views, request);
          const scorer = makeScorer(name, inputs);
          const scoresOf = (of: readonly InstanceView[]): Map<string, number> => {
            const scores = new Float64Array(of.length);
            scorer.score(request, of, scores, new Float64Array(of.length), aContext(inputs, 3_000));
            return new Map(of.map(({ instance }, i) => [instance.id, scores[i]!]));
          };
          const there = scoresOf(views);
          for (const [id, score] of scoresOf([...views].reverse()))
            expect(score).toBeCloseTo(there.get(id)!, 9);
        }),
        RUNS,
      );
    },
  );
});

describe('every filter', () => {
  it.each(FILTER_NAMES)('%s writes nothing but its mark, and only where nobody else has', (name) => {
    fc.assert(
      fc.property(
        aFleet,
        aWish,
        fc.array(fc.nat(2), { minLength: 12, maxLength: 12 }),
        (views, wish, before) => {
          const request = asked(wish);
          const inputs = inputsAfter(views, request);
          const dropped = Uint8Array.from(before.slice(0, views.length));
          makeFilter(name, inputs).apply(request, views, dropped, 9, aContext(inputs, 3_000));
          for (const [i, mark] of dropped.entries()) {
            if (before[i] === 0) expect([0, 9]).toContain(mark);
            else expect(mark).toBe(before[i]);
          }
        },
      ),
      RUNS,
    );
  });
});

describe('every picker', () => {
  const aTotal = fc.oneof(fc.double({ min: -10, max: 10, noNaN: true }), fc.constantFrom(0, 1));
  it.each(PICKER_NAMES)('%s picks one of those that are there, whatever their totals', (name) => {
    const picker = makePicker(name, {});
    fc.assert(
      fc.property(fc.array(aTotal, { minLength: 1, maxLength: 12 }), fc.integer(), (totals, seed) => {
        const views = totals.map((_, i) => aView(`i${i}`, { lastDispatchOrder: i }));
        const picked = picker.pick(views, Float64Array.from(totals), aContext({}, 0, seed));
        expect(Number.isInteger(picked)).toBe(true);
        expect(picked).toBeGreaterThanOrEqual(0);
        expect(picked).toBeLessThan(totals.length);
      }),
    );
  });
});
