import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anInstance, aRequest, aScheduler } from '../../test/builders.ts';
import type { RequestMetadata } from '../domain/index.ts';
import { findPreset, RoutingProfile } from '../routing/index.ts';
import type { PromptWork } from './prompt-work.ts';
import type { Scheduler } from './scheduler.ts';

const sums = (work: PromptWork) => ({
  uncachedTokens: work.uncachedTokens,
  pairs: work.pairs,
  headUncachedTokens: work.headUncachedTokens,
  headPairs: work.headPairs,
  decodingRequests: work.decodingRequests,
  decodingKvTokens: work.decodingKvTokens,
  kvTokens: work.kvTokens,
});
const NOTHING = {
  uncachedTokens: 0,
  pairs: 0,
  headUncachedTokens: 0,
  headPairs: 0,
  decodingRequests: 0,
  decodingKvTokens: 0,
  kvTokens: 0,
};
const workOf = (scheduler: Scheduler): PromptWork => scheduler.fleet.get('a')!.work;
const arrive = (scheduler: Scheduler, fields: Partial<RequestMetadata>): void => {
  scheduler.handle({ type: 'request-arrived', request: aRequest({ stream: true, ...fields }) });
};

describe("an instance's work", () => {
  it('holds a prompt and its attention from the dispatch', () => {
    const { scheduler } = aScheduler({ instances: [anInstance('a')] });
    arrive(scheduler, { id: 'r', promptTokens: 100 });
    expect(sums(workOf(scheduler))).toEqual({
      ...NOTHING,
      uncachedTokens: 100,
      pairs: 5_000,
      headUncachedTokens: 100,
      headPairs: 5_000,
      kvTokens: 100,
    });
  });

  it('is decoding after the first token, and nothing after the end', () => {
    const { scheduler } = aScheduler({ instances: [anInstance('a')] });
    arrive(scheduler, { id: 'r', promptTokens: 100 });
    scheduler.handle({ type: 'request-first-token', requestId: 'r' });
    expect(sums(workOf(scheduler))).toEqual({
      ...NOTHING,
      decodingRequests: 1,
      decodingKvTokens: 100,
      kvTokens: 100,
    });
    scheduler.handle({ type: 'request-completed', requestId: 'r' });
    expect(sums(workOf(scheduler))).toEqual(NOTHING);
  });

  it('leaves out what the prefix cache holds, but for the last token', () => {
    const held = new Map([
      ['half', 60],
      ['whole', 100],
    ]);
    const { scheduler } = aScheduler({ instances: [anInstance('a')] });
    const prefixes = {
      cachedTokens: ({ id }: RequestMetadata) => held.get(id) ?? 0,
      cachedTokensOfAll: () => {},
      heldTokensOfAll: () => {},
    };
    scheduler.reconfigure({ profile: new RoutingProfile(findPreset('least-loaded'), { prefixes }) });
    arrive(scheduler, { id: 'half', promptTokens: 100 });
    expect(workOf(scheduler)).toMatchObject({ uncachedTokens: 40, pairs: 40 * (60 + 20) });
    arrive(scheduler, { id: 'whole', promptTokens: 100 });
    expect(workOf(scheduler)).toMatchObject({ uncachedTokens: 41, pairs: 3_200 + 99.5 });
  });

  it('says what the engine computes now, and since when', () => {
    const { scheduler, clock } = aScheduler({ instances: [anInstance('a')] });
    clock.moveTo(1_000);
    arrive(scheduler, { id: 'first', promptTokens: 10 });
    clock.moveTo(1_400);
    arrive(scheduler, { id: 'second', promptTokens: 30 });
    expect(workOf(scheduler)).toMatchObject({ headUncachedTokens: 10, headSinceMs: 1_000 });
    clock.moveTo(1_900);
    scheduler.handle({ type: 'request-first-token', requestId: 'first' });
    expect(workOf(scheduler)).toMatchObject({ headUncachedTokens: 30, headSinceMs: 1_900 });
  });

  it('goes on with the same head when a later prompt is computed first or cancelled', () => {
    const { scheduler, clock } = aScheduler({ instances: [anInstance('a')] });
    for (const [i, id] of ['a', 'b', 'c'].entries()) arrive(scheduler, { id, promptTokens: 10 * (i + 1) });
    clock.moveTo(500);
    scheduler.handle({ type: 'request-first-token', requestId: 'b' });
    scheduler.handle({ type: 'request-cancelled', requestId: 'c' });
    expect(workOf(scheduler)).toMatchObject({ headUncachedTokens: 10, headSinceMs: 0, uncachedTokens: 10 });
  });

  it('takes a prompt without stream for computed once a later one is', () => {
    const { scheduler } = aScheduler({ instances: [anInstance('a')] });
    arrive(scheduler, { id: 'quiet', promptTokens: 10, stream: false });
    arrive(scheduler, { id: 'streamed', promptTokens: 20 });
    arrive(scheduler, { id: 'later', promptTokens: 40, stream: false });
    scheduler.handle({ type: 'request-first-token', requestId: 'streamed' });
    expect(workOf(scheduler)).toMatchObject({
      uncachedTokens: 40,
      decodingRequests: 2,
      decodingKvTokens: 30,
    });
    expect(scheduler.fleet.get('a')!.pendingPrefillTokens).toBe(40);
  });

  it('takes nothing for computed when a later one only fails', () => {
    const { scheduler } = aScheduler({ instances: [anInstance('a')] });
    arrive(scheduler, { id: 'quiet', promptTokens: 10, stream: false });
    arrive(scheduler, { id: 'streamed', promptTokens: 20 });
    const failure = { requestId: 'streamed', mayRetry: false, isInstanceFault: false };
    scheduler.handle({ type: 'request-failed', ...failure });
    expect(workOf(scheduler)).toMatchObject({ uncachedTokens: 10, decodingRequests: 0 });
  });

  it('is, after any course of events, what the requests in flight make it', () => {
    const aStep = fc.record({
      what: fc.constantFrom('arrive', 'first-token', 'complete', 'cancel', 'fail', 'push-back'),
      who: fc.nat(),
      promptTokens: fc.integer({ min: 1, max: 5_000 }),
      stream: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(aStep, { maxLength: 60 }), (steps) => {
        const { scheduler, clock } = aScheduler({ instances: [anInstance('a', { maxConcurrency: 5 })] });
        const ids = steps.map((_, i) => `q${i}`);
        for (const [i, { what, who, promptTokens, stream }] of steps.entries()) {
          clock.advance(1);
          const requestId = ids[who % ids.length]!;
          if (what === 'arrive') arrive(scheduler, { id: ids[i]!, promptTokens, stream });
          else if (what === 'first-token') scheduler.handle({ type: 'request-first-token', requestId });
          else if (what === 'complete') scheduler.handle({ type: 'request-completed', requestId });
          else if (what === 'cancel') scheduler.handle({ type: 'request-cancelled', requestId });
          else if (what === 'push-back')
            scheduler.handle({ type: 'request-pushed-back', requestId, retryAfterMs: 2 });
          else
            scheduler.handle({ type: 'request-failed', requestId, mayRetry: false, isInstanceFault: false });
          expect(sums(workOf(scheduler))).toEqual(recounted(scheduler, ids));
        }
      }),
    );
  });
});

/** The same sums from the flights themselves. */
function recounted(scheduler: Scheduler, ids: readonly string[]): typeof NOTHING {
  const flights = ids.flatMap((id) => scheduler.inFlight.get(id) ?? []);
  const prefilling = flights
    .filter(({ isPrefilling }) => isPrefilling)
    .sort((a, b) => a.dispatchedMs - b.dispatchedMs);
  const decoding = flights.filter(({ isPrefilling }) => !isPrefilling);
  const tokens = (of: typeof flights): number => of.reduce((sum, f) => sum + f.request.promptTokens, 0);
  const pairs = (of: typeof flights): number =>
    of.reduce((sum, f) => sum + f.request.promptTokens ** 2 / 2, 0);
  return {
    uncachedTokens: tokens(prefilling),
    pairs: pairs(prefilling),
    headUncachedTokens: tokens(prefilling.slice(0, 1)),
    headPairs: pairs(prefilling.slice(0, 1)),
    decodingRequests: decoding.length,
    decodingKvTokens: tokens(decoding),
    kvTokens: tokens(flights),
  };
}
