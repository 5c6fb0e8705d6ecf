import { describe, expect, it } from 'vitest';
import { aPredictor, aRequest, aView, type ViewFields } from '../../../test/builders.ts';
import { aContext, keptBy, prefixesOf, type ScoringOptions } from '../../../test/routing-fixtures.ts';
import type { InstanceReport, RequestMetadata } from '../../domain/index.ts';
import { RoutingProfile } from '../profile.ts';

interface Case {
  readonly views: Readonly<Record<string, ViewFields>>;
  readonly request?: Partial<RequestMetadata>;
  readonly options?: ScoringOptions;
  readonly kept: readonly string[];
}

const labelled = (labels: Record<string, string>): ViewFields => ({ instance: { labels } });
const cache = (fields: Partial<InstanceReport>): ViewFields => ({
  report: { instanceId: 'x', atMs: 0, ...fields },
});
/** A millisecond for each prompt token, 5 for each output token. */
const predictor = aPredictor({
  fixedMs: 0,
  weightsMs: 5,
  msPerToken: 1,
  msPerPair: 0,
  msPerKvToken: 0,
  msPerRequest: 0,
  maxBatchedTokens: 1_000_000,
});
const queued = (uncachedTokens: number): ViewFields => ({
  work: { uncachedTokens, headUncachedTokens: uncachedTokens, headSinceMs: 0 },
});

const CASES: Readonly<Record<string, Case>> = {
  'labels: those of the profile': {
    views: { a: labelled({ zone: 'eu', rack: '1' }), b: labelled({ zone: 'us' }), c: {} },
    options: { parameters: { labels: { zone: 'eu' } } },
    kept: ['a'],
  },
  'labels: those of the profile and of the request': {
    views: { a: labelled({ zone: 'eu', tier: 'x' }), b: labelled({ zone: 'eu', tier: 'y' }) },
    request: { tags: { 'label.tier': 'y', other: 'z' } },
    options: { parameters: { labels: { zone: 'eu' } } },
    kept: ['b'],
  },
  'labels: not those of the request where that is not wanted': {
    views: { a: labelled({ tier: 'x' }) },
    request: { tags: { 'label.tier': 'y' } },
    options: { parameters: { fromTags: false } },
    kept: ['a'],
  },
  'kv-headroom: room for prompt and answer': {
    views: {
      free: cache({ kvCacheTokens: 1_000, kvCacheUsage: 0.5 }),
      full: cache({ kvCacheTokens: 1_000, kvCacheUsage: 0.8 }),
      silent: {},
    },
    request: { promptTokens: 200, maxTokens: 200 },
    kept: ['free', 'silent'],
  },
  'kv-headroom: what is sent since the report counts': {
    views: {
      free: cache({ kvCacheTokens: 1_000, kvCacheUsage: 0 }),
      sent: { ...cache({ kvCacheTokens: 1_000, kvCacheUsage: 0 }), work: { kvTokens: 700 } },
    },
    request: { promptTokens: 200, maxTokens: 200 },
    kept: ['free'],
  },
  'kv-headroom: what is held need not be stored again': {
    views: {
      holder: cache({ kvCacheTokens: 1_000, kvCacheUsage: 0.8 }),
      other: cache({ kvCacheTokens: 1_000, kvCacheUsage: 0.8 }),
    },
    request: { promptTokens: 200, maxTokens: 20 },
    options: { inputs: { prefixes: prefixesOf({ holder: 190 }) } },
    kept: ['holder'],
  },
  'kv-headroom: an answer as long as expected, where that is shorter than allowed': {
    views: {
      a: cache({ kvCacheTokens: 1_000, kvCacheUsage: 0 }),
      b: cache({ kvCacheTokens: 450, kvCacheUsage: 0 }),
    },
    request: { promptTokens: 200, maxTokens: 9_000 },
    options: { inputs: { predictor } },
    kept: ['a', 'b'],
  },
  'kv-headroom: an answer as long as assumed, where nothing is known': {
    views: {
      a: cache({ kvCacheTokens: 1_000, kvCacheUsage: 0 }),
      b: cache({ kvCacheTokens: 450, kvCacheUsage: 0 }),
    },
    request: { promptTokens: 200 },
    kept: ['a'],
  },
  'kv-headroom: all, where nobody has room': {
    views: { a: cache({ kvCacheTokens: 100 }), b: cache({ kvCacheTokens: 200 }) },
    request: { promptTokens: 900 },
    kept: ['a', 'b'],
  },
  'context-length: prompt and answer': {
    views: {
      short: { instance: { maxContextTokens: 4_096 } },
      long: { instance: { maxContextTokens: 8_192 } },
      any: {},
    },
    request: { promptTokens: 4_000, promptTokensEstimated: false, maxTokens: 100 },
    kept: ['long', 'any'],
  },
  'context-length: an estimate counts less': {
    views: {
      short: { instance: { maxContextTokens: 4_096 } },
      long: { instance: { maxContextTokens: 8_192 } },
    },
    request: { promptTokens: 4_900, promptTokensEstimated: true },
    kept: ['short', 'long'],
  },
  'context-length: all, where nobody is long enough': {
    views: { a: { instance: { maxContextTokens: 10 } } },
    request: { promptTokens: 4_000 },
    kept: ['a'],
  },
  'slo-feasible: those in time for the first token': {
    views: { idle: {}, busy: queued(500) },
    request: { promptTokens: 100, ttftSloMs: 400 },
    options: { inputs: { predictor } },
    kept: ['idle'],
  },
  'slo-feasible: time has passed since the arrival, for the engine as well': {
    views: { idle: {}, busy: queued(500) },
    request: { promptTokens: 100, ttftSloMs: 700 },
    options: { inputs: { predictor }, nowMs: 300 },
    kept: ['idle', 'busy'],
  },
  'slo-feasible: those in time for the deadline': {
    views: { idle: {}, busy: queued(500) },
    request: { promptTokens: 100, deadlineMs: 400 },
    options: { inputs: { predictor } },
    kept: ['idle'],
  },
  'slo-feasible: those fast enough for each token': {
    views: { idle: {}, busy: { work: { decodingRequests: 20 } } },
    request: { promptTokens: 100, tpotSloMs: 10 },
    options: { inputs: { predictor } },
    kept: ['idle'],
  },
  'slo-feasible: predictions stretched by the safety': {
    views: { idle: {}, held: {} },
    request: { promptTokens: 100, ttftSloMs: 150 },
    options: {
      inputs: { predictor, prefixes: prefixesOf({ held: 50 }) },
      parameters: { safety: 2 },
    },
    kept: ['held'],
  },
  'slo-feasible: all, where nobody is in time': {
    views: { idle: {}, busy: queued(500) },
    request: { promptTokens: 100, ttftSloMs: 1 },
    options: { inputs: { predictor } },
    kept: ['idle', 'busy'],
  },
  'slo-feasible: all, where nothing is wanted': {
    views: { idle: {}, busy: queued(1e9) },
    options: { inputs: { predictor } },
    kept: ['idle', 'busy'],
  },
  'prefix-affinity: the holders of nearly all': {
    views: { most: {}, some: {}, none: {} },
    request: { promptTokens: 100 },
    options: { inputs: { prefixes: prefixesOf({ most: 80, some: 79 }) } },
    kept: ['most'],
  },
  'prefix-affinity: all, where nobody holds nearly all': {
    views: { some: {}, none: {} },
    request: { promptTokens: 100 },
    options: { inputs: { prefixes: prefixesOf({ some: 79 }) } },
    kept: ['some', 'none'],
  },
  'prefix-affinity: all, where the holders are too much later': {
    views: { holder: { work: { kvTokens: 16_000 } }, none: {} },
    request: { promptTokens: 100 },
    options: {
      inputs: { prefixes: prefixesOf({ holder: 90 }) },
      parameters: { maxPenaltyMs: 999, tokensPerSecond: 16_000 },
    },
    kept: ['holder', 'none'],
  },
  'prefix-affinity: the holders, where they are not too much later': {
    views: { holder: { work: { kvTokens: 16_000 } }, none: {} },
    request: { promptTokens: 100 },
    options: {
      inputs: { prefixes: prefixesOf({ holder: 90 }) },
      parameters: { maxPenaltyMs: 1_000, tokensPerSecond: 16_000 },
    },
    kept: ['holder'],
  },
  'prefix-affinity: later is what the predictor says': {
    views: { holder: queued(2_000), none: {} },
    request: { promptTokens: 100 },
    options: {
      inputs: { prefixes: prefixesOf({ holder: 90 }), predictor },
      parameters: { maxPenaltyMs: 1_999 },
    },
    kept: ['holder', 'none'],
  },
  'prefix-affinity: all, when it explores': {
    views: { holder: {}, none: {} },
    request: { promptTokens: 100 },
    options: { inputs: { prefixes: prefixesOf({ holder: 90 }) }, parameters: { exploration: 1 } },
    kept: ['holder', 'none'],
  },
  'pd-role: a long prompt stays away from decode instances': {
    views: { p: { instance: { role: 'prefill' } }, d: { instance: { role: 'decode' } }, both: {} },
    request: { promptTokens: 900, maxTokens: 900 },
    kept: ['p', 'both'],
  },
  'pd-role: a short one from prefill instances': {
    views: { p: { instance: { role: 'prefill' } }, d: { instance: { role: 'decode' } }, both: {} },
    request: { promptTokens: 90, maxTokens: 900 },
    kept: ['d', 'both'],
  },
  'pd-role: rather the other role than nobody': {
    views: { p: { instance: { role: 'prefill' } } },
    request: { promptTokens: 90, maxTokens: 900 },
    kept: ['p'],
  },
  'pd-role: rather nobody than the other role, where it is strict': {
    views: { p: { instance: { role: 'prefill' } } },
    request: { promptTokens: 90, maxTokens: 900 },
    options: { parameters: { strict: true } },
    kept: [],
  },
  'pd-role: everybody, where it is off': {
    views: { p: { instance: { role: 'prefill' } }, d: { instance: { role: 'decode' } } },
    request: { promptTokens: 90 },
    options: { parameters: { policy: 'off', strict: true } },
    kept: ['p', 'd'],
  },
};

describe('filter', () => {
  it.each(Object.entries(CASES))('%s', (what, { views, request, options, kept }) => {
    const all = Object.entries(views).map(([id, fields]) => aView(id, fields));
    expect(keptBy(what.split(':')[0]!, aRequest(request), all, options)).toEqual(kept);
  });
});

describe('a filter that keeps all where nobody fits', () => {
  const views = [
    aView('failed', { instance: { maxContextTokens: 10 } }),
    aView('short', { instance: { maxContextTokens: 10 } }),
  ];

  it('does not bring back what another filter dropped', () => {
    const profile = new RoutingProfile({
      name: 'p',
      filters: ['not-failed', 'context-length'],
      scorers: [],
      picker: 'best',
    });
    const request = aRequest({ promptTokens: 4_000, failedInstances: ['failed'] });
    const choice = profile.route(request, views, aContext())!;
    expect(choice.instanceId).toBe('short');
    expect(choice.filteredOut()).toEqual({ 'not-failed': 1 });
    const nobody = aRequest({ promptTokens: 4_000, failedInstances: ['failed', 'short'] });
    expect(profile.route(nobody, views, aContext())).toBeUndefined();
    expect(profile.couldServe(nobody, views, aContext())).toBe(false);
  });
});
