import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aProfile, drain } from './__fixtures__/profiles.ts';
import type { EngineModelOptions } from './engine-model.ts';
import { EngineModel } from './engine-model.ts';
import type { EngineModelEvent } from './events.ts';
import type { EngineProfile } from './profile.ts';
import type { ModelRequest } from './sequence.ts';

interface Arrival extends ModelRequest {
  readonly atMs: number;
  readonly cancelAtMs: number;
}

const CONSTANTS = {
  fixedMs: 1.1,
  weightReadMs: 8.2,
  linearMsPerToken: 0.0265,
  prefillMsPerPair: 1e-4,
  decodeMsPerKvToken: 1e-3,
  perRequestMs: 0.0044,
};

/** From roomy to so tight that requests are preempted over and over. */
const anEngine = fc.record({
  kvCacheTokens: fc.constantFrom(160, 320, 4096),
  maxBatchedTokens: fc.constantFrom(8, 64, 2048),
  maxSequences: fc.constantFrom(1, 3, 64),
});

const someArrivals = fc
  .array(
    fc.record({
      gapMs: fc.double({ min: 0, max: 60, noNaN: true }),
      promptTokens: fc.integer({ min: 1, max: 110 }),
      outputTokens: fc.integer({ min: 1, max: 50 }),
      branch: fc.nat(2),
      keyedBlocks: fc.nat(10),
      cancelAfterMs: fc.oneof(fc.constant(Infinity), fc.double({ min: 0, max: 600, noNaN: true })),
    }),
    { minLength: 1, maxLength: 14 },
  )
  .map((drafts): Arrival[] => {
    let atMs = 0;
    return drafts.map((draft, i) => {
      atMs += draft.gapMs;
      const { promptTokens, outputTokens, branch, keyedBlocks } = draft;
      // The first three blocks are common to all, the rest to the requests of a branch.
      const blockKeys = Array.from({ length: keyedBlocks }, (_, b) => (b < 3 ? b : 1000 * (branch + 1) + b));
      return {
        id: `r${i}`,
        promptTokens,
        outputTokens,
        blockKeys,
        atMs,
        cancelAtMs: atMs + draft.cancelAfterMs,
      };
    });
  });

interface Drive {
  readonly options?: Partial<EngineModelOptions>;
  /** How often `advance` is called besides when it is needed; never by default. */
  readonly gridMs?: number;
  readonly withCancels?: boolean;
  readonly afterEach?: (model: EngineModel) => void;
}

/** Lives through the arrivals (and, if asked, the cancellations) and drains. */
function live(engine: Partial<EngineProfile>, arrivals: readonly Arrival[], drive: Drive = {}) {
  const model = new EngineModel(aProfile({ ...CONSTANTS, ...engine }), drive.options);
  const inputs = arrivals.map((arrival) => ({
    atMs: arrival.atMs,
    run: () => model.submit(arrival, arrival.atMs),
  }));
  if (drive.withCancels) {
    for (const { id, cancelAtMs } of arrivals) {
      if (cancelAtMs < Infinity)
        inputs.push({ atMs: cancelAtMs, run: () => void model.cancel(id, cancelAtMs) });
    }
  }
  inputs.sort((a, b) => a.atMs - b.atMs);
  const events: EngineModelEvent[] = [];
  let gridMs = 0;
  const look = (toMs: number) => {
    events.push(...model.advance(toMs));
    drive.afterEach?.(model);
  };
  for (const input of inputs) {
    for (; drive.gridMs && gridMs < input.atMs; gridMs += drive.gridMs) look(gridMs);
    input.run();
    drive.afterEach?.(model);
  }
  if (drive.gridMs) {
    for (
      gridMs = Math.max(gridMs, inputs.at(-1)!.atMs);
      model.nextEventMs() < Infinity;
      gridMs += drive.gridMs
    )
      look(gridMs);
  }
  events.push(...drain(model));
  return { model, events };
}

/** Order within an instant aside, the same things happened, no more than 1e-9 s apart. */
function expectSame(events: readonly EngineModelEvent[], expected: readonly EngineModelEvent[]): void {
  const what = (list: readonly EngineModelEvent[]) => list.map(({ atMs: _, ...event }) => event);
  expect(what(events)).toEqual(what(expected));
  events.forEach((event, i) => {
    expect(Math.abs(event.atMs - expected[i]!.atMs)).toBeLessThan(1e-6);
  });
}

describe('the engine model, whatever comes', () => {
  it('is the same however often one looks at it', () => {
    const gridMs = fc.double({ min: 0.7, max: 90, noNaN: true });
    fc.assert(
      fc.property(anEngine, someArrivals, gridMs, fc.boolean(), (engine, arrivals, grid, withCancels) => {
        const rarely = live(engine, arrivals, { withCancels });
        const often = live(engine, arrivals, {
          withCancels,
          gridMs: grid,
          afterEach: (model) => model.gauges(),
        });
        expectSame(often.events, rarely.events);
        expect(often.model.gauges()).toEqual(rarely.model.gauges());
      }),
      { numRuns: 300 },
    );
  });

  it('is the same step by step and in macro-steps', () => {
    fc.assert(
      fc.property(anEngine, someArrivals, fc.boolean(), (engine, arrivals, withCancels) => {
        const macro = live(engine, arrivals, { withCancels });
        const single = live(engine, arrivals, { withCancels, options: { macroSteps: false } });
        expectSame(macro.events, single.events);
        expect(macro.model.gauges()).toEqual(single.model.gauges());
      }),
      { numRuns: 300 },
    );
  });

  it('tells every token without changing anything else', () => {
    fc.assert(
      fc.property(anEngine, someArrivals, (engine, arrivals) => {
        const silent = live(engine, arrivals);
        const telling = live(engine, arrivals, { options: { reportTokens: true }, gridMs: 7.3 });
        expectSame(
          telling.events.filter(({ type }) => type !== 'tokens'),
          silent.events,
        );
        const tokens = telling.events.reduce(
          (sum, event) => sum + (event.type === 'tokens' ? event.ids.length : 0),
          0,
        );
        expect(tokens).toBe(silent.model.gauges().generationTokensTotal);
      }),
    );
  });

  it('finishes every request that it does not reject, in order of time, with all its tokens', () => {
    fc.assert(
      fc.property(anEngine, someArrivals, (engine, arrivals) => {
        const { events } = live(engine, arrivals, { options: { reportTokens: true } });
        const times = events.map(({ atMs }) => atMs);
        expect(times).toEqual([...times].sort((a, b) => a - b));
        for (const { id, outputTokens } of arrivals) {
          const own = events
            .filter((event) => event.type !== 'tokens' && event.id === id)
            .map(({ type }) => type);
          const tokens = events.filter((event) => event.type === 'tokens' && event.ids.includes(id)).length;
          if (own.includes('rejected')) expect([own, tokens]).toEqual([['rejected'], 0]);
          else {
            expect(own.filter((type) => type !== 'preempted')).toEqual([
              'admitted',
              'first-token',
              'finished',
            ]);
            expect(tokens).toBe(outputTokens);
          }
        }
      }),
    );
  });

  it('computes Σ(prompt − cached + output − 1) tokens, besides what preemptions threw away', () => {
    fc.assert(
      fc.property(anEngine, someArrivals, (engine, arrivals) => {
        const { model, events } = live(engine, arrivals);
        let expected = 0;
        for (const event of events) {
          if (event.type !== 'admitted') continue;
          const { promptTokens, outputTokens } = arrivals.find(({ id }) => id === event.id)!;
          expected += promptTokens - event.cachedTokens + outputTokens - 1;
        }
        const { computedTokensTotal, lostTokensTotal } = model.gauges();
        expect(computedTokensTotal - lostTokensTotal).toBe(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('never holds more blocks than there are, nor more sequences than allowed', () => {
    fc.assert(
      fc.property(anEngine, someArrivals, (engine, arrivals) => {
        live(engine, arrivals, {
          gridMs: 11,
          withCancels: true,
          afterEach: (model) => {
            const { usedBlocks, totalBlocks, runningRequests } = model.gauges();
            expect(usedBlocks).toBeLessThanOrEqual(totalBlocks);
            expect(runningRequests).toBeLessThanOrEqual(engine.maxSequences);
          },
        });
      }),
    );
  });

  it('holds nothing when all is done or cancelled, at whatever moment', () => {
    fc.assert(
      fc.property(
        anEngine,
        someArrivals,
        fc.double({ min: 0, max: 900, noNaN: true }),
        (engine, arrivals, atMs) => {
          const { model } = live(engine, arrivals.slice(0, 1));
          for (const arrival of arrivals) model.submit({ ...arrival, id: `again-${arrival.id}` }, 1e6);
          model.advance(1e6 + atMs);
          for (const { id } of arrivals) model.cancel(`again-${id}`, 1e6 + atMs);
          drain(model);
          expect(model.gauges()).toMatchObject({ usedBlocks: 0, runningRequests: 0, waitingRequests: 0 });
        },
      ),
    );
  });

  it('preempts in the tight engines of these tests, so that they say something', () => {
    const arrivals = fc.sample(someArrivals, { numRuns: 50, seed: 7 });
    const preempted = arrivals.filter(
      (some) => live({ kvCacheTokens: 160 }, some).model.gauges().preemptionsTotal > 0,
    );
    expect(preempted.length).toBeGreaterThan(5);
  });
});
