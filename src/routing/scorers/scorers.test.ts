import { describe, expect, it } from 'vitest';
import { aPredictor, aRequest, aView, type ViewFields } from '../../../test/builders.ts';
import { prefixesOf, type ScoringOptions, scoredBy } from '../../../test/routing-fixtures.ts';
import type { InstanceReport, RequestMetadata } from '../../domain/index.ts';

const report = (fields: Partial<InstanceReport>): InstanceReport => ({ instanceId: 'x', atMs: 0, ...fields });
const viewsOf = (views: Readonly<Record<string, ViewFields>>) =>
  Object.entries(views).map(([id, fields]) => aView(id, fields));

interface Case {
  readonly views: Readonly<Record<string, ViewFields>>;
  readonly request?: Partial<RequestMetadata>;
  readonly options?: ScoringOptions;
  readonly scores: Readonly<Record<string, number>>;
  readonly reasons: Readonly<Record<string, string>>;
}

const CASES: Readonly<Record<string, Case>> = {
  'in-flight: fewer are better, none is best': {
    views: { idle: {}, some: { inFlightRequests: 2 }, many: { inFlightRequests: 8 } },
    scores: { idle: 1, some: 0.75, many: 0 },
    reasons: { idle: '0 requests in flight', some: '2 requests in flight', many: '8 requests in flight' },
  },
  'in-flight: all are best where all are idle': {
    views: { a: {}, b: {} },
    scores: { a: 1, b: 1 },
    reasons: { a: '0 requests in flight', b: '0 requests in flight' },
  },
  'waiting-queue: what was reported, and what was sent since': {
    views: {
      empty: { report: report({ waitingRequests: 0 }) },
      sent: { report: report({ waitingRequests: 1 }), dispatchedSinceReport: 4, endedSinceReport: 1 },
      full: { report: report({ waitingRequests: 8 }) },
      ended: { report: report({ waitingRequests: 1 }), endedSinceReport: 3 },
    },
    scores: { empty: 1, sent: 0.5, full: 0, ended: 1 },
    reasons: {
      empty: '0 requests reported and sent since',
      sent: '4 requests reported and sent since',
      full: '8 requests reported and sent since',
      ended: '0 requests reported and sent since',
    },
  },
  'waiting-queue: all are best where nobody says anything': {
    views: { a: {}, b: { report: report({ runningRequests: 9 }) } },
    scores: { a: 1, b: 1 },
    reasons: { a: '0 requests reported and sent since', b: '0 requests reported and sent since' },
  },
  'running-requests: as reported': {
    views: { a: { report: report({ runningRequests: 2 }) }, b: { report: report({ runningRequests: 6 }) } },
    scores: { a: 1, b: 0 },
    reasons: { a: '2 requests reported and sent since', b: '6 requests reported and sent since' },
  },
  'kv-usage: the free share; half where it is not known': {
    views: { a: { report: report({ kvCacheUsage: 0.25 }) }, b: {} },
    scores: { a: 0.75, b: 0.5 },
    reasons: { a: 'uses 25 % of its KV cache', b: 'uses 50 % of its KV cache' },
  },
  'kv-usage: never outside [0, 1], whatever an engine reports': {
    views: { a: { report: report({ kvCacheUsage: 1.2 }) } },
    scores: { a: 0 },
    reasons: { a: 'uses 120 % of its KV cache' },
  },
  'token-load: a share of the limit': {
    views: { a: { work: { kvTokens: 250 } }, b: { work: { kvTokens: 4_000 } } },
    options: { parameters: { limit: 1_000 } },
    scores: { a: 0.75, b: 0 },
    reasons: { a: '250 prompt tokens in flight', b: '4000 prompt tokens in flight' },
  },
  'prefix: the share that is held': {
    views: { a: {}, b: {} },
    request: { promptTokens: 400 },
    options: { inputs: { prefixes: prefixesOf({ b: 100 }) } },
    scores: { a: 0, b: 0.25 },
    reasons: { a: 'holds 0 tokens of the prompt', b: 'holds 100 tokens of the prompt' },
  },
  'prefix: many tokens count by themselves where that is wanted': {
    views: { a: {} },
    request: { promptTokens: 16_384 },
    options: { inputs: { prefixes: prefixesOf({ a: 4_096 }) }, parameters: { absoluteShare: 0.5 } },
    scores: { a: 0.5 * 0.25 + 0.5 * 0.25 },
    reasons: { a: 'holds 4096 tokens of the prompt' },
  },
  'no-hit-lru: a cold prompt goes where nothing went for long': {
    views: { old: { lastDispatchOrder: 2 }, mid: { lastDispatchOrder: 4 }, new: { lastDispatchOrder: 6 } },
    options: { inputs: { prefixes: prefixesOf({}) } },
    scores: { old: 1, mid: 0.5, new: 0 },
    reasons: {
      old: '4 dispatches since its last one',
      mid: '2 dispatches since its last one',
      new: '0 dispatches since its last one',
    },
  },
  'no-hit-lru: says nothing of a warm prompt': {
    views: { old: { lastDispatchOrder: 2 }, new: { lastDispatchOrder: 6 } },
    options: { inputs: { prefixes: prefixesOf({ new: 1 }) } },
    scores: { old: 0.5, new: 0.5 },
    reasons: { old: 'somebody holds a part of the prompt', new: 'somebody holds a part of the prompt' },
  },
  'lora: loaded, then room, then offered, then not at all': {
    views: {
      loaded: { report: report({ loadedAdapters: ['l'] }), instance: { adapters: ['l'] } },
      room: { report: report({ loadedAdapters: ['x'] }), instance: { adapters: ['l'] } },
      silent: { instance: { adapters: ['l'] } },
      full: { report: report({ loadedAdapters: ['x', 'y'] }), instance: { adapters: ['l'] } },
      without: {},
    },
    request: { adapter: 'l' },
    options: { parameters: { maxLoaded: 2 } },
    scores: { loaded: 1, room: 0.8, silent: 0.8, full: 0.6, without: 0 },
    reasons: {
      loaded: 'the adapter is loaded, or none is asked for',
      room: 'there is room to load the adapter',
      silent: 'there is room to load the adapter',
      full: 'the adapter is offered, but others fill the room',
      without: 'the adapter is not known there',
    },
  },
  'lora: an adapter asked for as a model': {
    views: { loaded: { report: report({ loadedAdapters: ['l'] }), instance: { adapters: ['l'] } } },
    request: { model: 'l' },
    scores: { loaded: 1 },
    reasons: { loaded: 'the adapter is loaded, or none is asked for' },
  },
  'lora: nothing to choose without an adapter': {
    views: { a: { instance: { adapters: ['l'] } }, b: {} },
    scores: { a: 1, b: 1 },
    reasons: {
      a: 'the adapter is loaded, or none is asked for',
      b: 'the adapter is loaded, or none is asked for',
    },
  },
  'cost: the least price over the price, per unit of weight': {
    views: {
      cheap: { instance: { usdPerHour: 2 } },
      strong: { instance: { usdPerHour: 8, weight: 2 } },
      unknown: {},
    },
    scores: { cheap: 1, strong: 0.5, unknown: 0.5 },
    reasons: {
      cheap: '2 US dollars per hour and unit of weight',
      strong: '4 US dollars per hour and unit of weight',
      unknown: 'its price is not known',
    },
  },
  'cost: nothing to choose without prices, or without costs': {
    views: { a: {}, b: {} },
    scores: { a: 1, b: 1 },
    reasons: { a: 'its price is not known', b: 'its price is not known' },
  },
  'cost: what is free comes before all': {
    views: { free: { instance: { usdPerHour: 0 } }, paid: { instance: { usdPerHour: 1 } } },
    scores: { free: 1, paid: 0 },
    reasons: {
      free: '0 US dollars per hour and unit of weight',
      paid: '1 US dollars per hour and unit of weight',
    },
  },
  'role-fit: a long prompt': {
    views: {
      prefill: { instance: { role: 'prefill' } },
      decode: { instance: { role: 'decode' } },
      idle: {},
      prefilling: { inFlightRequests: 3, work: { decodingRequests: 1 } },
      decoding: { inFlightRequests: 3, work: { decodingRequests: 2 } },
    },
    request: { promptTokens: 9_000 },
    scores: { prefill: 1, decode: 0, idle: 0.7, prefilling: 0.8, decoding: 0.6 },
    reasons: {
      prefill: 'its role fits by 1',
      decode: 'its role fits by 0',
      idle: 'its role fits by 0.7',
      prefilling: 'its role fits by 0.8',
      decoding: 'its role fits by 0.6',
    },
  },
  'topology: nearness to the instance that the request names': {
    views: {
      named: { instance: { labels: { machine: 'm', nvlink_peers: 'peer' } } },
      peer: { instance: { labels: { machine: 'm' } } },
      far: {},
    },
    request: { tags: { preferred_instance_id: 'named' } },
    scores: { named: 1, peer: 1, far: 0.01 },
    reasons: {
      named: 'nearness 1 to where the session was',
      peer: 'nearness 1 to where the session was',
      far: 'nearness 0.01 to where the session was',
    },
  },
  'topology: says nothing where there is nothing to be near to': {
    views: { a: {}, b: {} },
    request: { tags: { preferred_instance_id: 'gone' } },
    scores: { a: 1, b: 1 },
    reasons: { a: 'there is nothing to be near to', b: 'there is nothing to be near to' },
  },
  'latency: the whole answer counts where that is wanted': {
    views: { a: {} },
    request: { promptTokens: 10 },
    options: {
      inputs: { predictor: aPredictor({ ...NOTHING(), fixedMs: 10, maxBatchedTokens: 100 }) },
      parameters: { countsOutput: true },
    },
    scores: { a: 1 },
    reasons: { a: 'predicted in 2001 ms' },
  },
};

function NOTHING() {
  return { weightsMs: 0, msPerToken: 0, msPerPair: 0, msPerKvToken: 0, msPerRequest: 0 };
}

describe('scorer', () => {
  it.each(Object.entries(CASES))('%s', (what, { views, request, options, scores, reasons }) => {
    const name = what.split(':')[0]!;
    const found = scoredBy(name, aRequest(request), viewsOf(views), options);
    for (const [id, score] of Object.entries(scores)) expect(found.scores[id]).toBeCloseTo(score, 12);
    expect(found.reasons).toEqual(reasons);
  });
});

describe('last-instance and topology', () => {
  const views = viewsOf({
    a: { instance: { labels: { rack: 'r' } } },
    b: { instance: { labels: { rack: 'r' } } },
    c: {},
  });
  const sessions = { lastInstance: () => views[0]!.instance };

  it('go by what is remembered of the session', () => {
    expect(scoredBy('last-instance', aRequest(), views, { inputs: { sessions } })).toEqual({
      scores: { a: 1, b: 0, c: 0 },
      reasons: { a: 'answered the one before', b: 'another answered before', c: 'another answered before' },
    });
    expect(scoredBy('topology', aRequest(), views, { inputs: { sessions } }).scores).toEqual({
      a: 1,
      b: 0.1,
      c: 0.01,
    });
  });

  it('know where the session was, also when that instance is not there now', () => {
    const left = views.slice(1);
    expect(scoredBy('last-instance', aRequest(), left, { inputs: { sessions } })).toEqual({
      scores: { b: 1, c: 1 },
      reasons: { b: 'nothing is remembered', c: 'nothing is remembered' },
    });
    expect(scoredBy('topology', aRequest(), left, { inputs: { sessions } }).scores).toEqual({
      b: 0.1,
      c: 0.01,
    });
  });
});
