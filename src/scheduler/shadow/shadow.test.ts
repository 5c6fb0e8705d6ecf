import { describe, expect, it } from 'vitest';
import { aRequest, aView } from '../../../test/builders.ts';
import { type LatencyPredictor, type SchedulingDecision, seededRandom } from '../../domain/index.ts';
import { keyedPolicy, type OrderedRequest, type SchedulingPolicy } from '../../queueing/index.ts';
import {
  findPreset,
  type InstanceView,
  type ProfileSettings,
  type RoutingInputs,
  RoutingProfile,
} from '../../routing/index.ts';
import { KEPT_DISAGREEMENTS, Shadow } from './shadow.ts';

const shortestFirst = keyedPolicy('shortest', ({ promptTokens }) => promptTokens);
const profileOf = (settings: string | ProfileSettings) =>
  new RoutingProfile(typeof settings === 'string' ? findPreset(settings) : settings);

const shadowOf = (parts: { profile?: string | ProfileSettings; policy?: SchedulingPolicy }, sinceMs = 0) =>
  new Shadow(
    {
      random: seededRandom(7),
      ...(parts.profile !== undefined && { profile: profileOf(parts.profile) }),
      ...(parts.policy !== undefined && { policy: parts.policy }),
    },
    sinceMs,
  );

let joined = 0;
function waiting(fields: Parameters<typeof aRequest>[0] & { enqueuedMs?: number } = {}): OrderedRequest {
  const { enqueuedMs = 0, ...rest } = fields;
  const request = aRequest(rest);
  return { request, tokens: request.promptTokens, enqueuedMs, joinOrder: joined++ };
}

interface Scene {
  readonly views: readonly InstanceView[];
  /** What decides for real. */
  readonly profile?: string | ProfileSettings;
  readonly policy?: string;
  readonly inputs?: RoutingInputs;
  readonly nowMs?: number;
  readonly waiting?: OrderedRequest;
}

/** Lets the real profile choose, and shows it to the shadow as the dispatcher does. */
function decide(shadow: Shadow, scene: Scene): void {
  const { views, inputs = {}, nowMs = 0, policy = 'fifo' } = scene;
  const one = scene.waiting ?? waiting();
  const profile = profileOf(scene.profile ?? 'least-loaded');
  const choice = profile.route(one.request, views, { nowMs, random: seededRandom(1), inputs })!;
  if (scene.waiting === undefined) shadow.onJoined(one);
  shadow.onChoice({ waiting: one, choice, views, inputs, profile: profile.name, policy, nowMs });
  shadow.onLeft(one);
  const { instanceId } = choice;
  shadow.onDecision({ id: `${one.request.id}.1`, instanceId, reason: choice.reason() } as SchedulingDecision);
}

/** `idle` is free, `first` was served longer ago. */
const TWO = [
  aView('first', { inFlightRequests: 2, lastDispatchOrder: 1 }),
  aView('idle', { lastDispatchOrder: 5 }),
];

describe('a profile in the shadow', () => {
  it('agrees where it would choose the same instance', () => {
    const shadow = shadowOf({ profile: 'least-loaded' });
    decide(shadow, { views: TWO });
    expect(shadow.report()).toMatchObject({
      profile: 'least-loaded',
      where: { decisions: 1, disagreements: 0, disagreementShare: 0 },
      disagreements: [],
    });
  });

  it('disagrees where it would choose another, and both say why', () => {
    const shadow = shadowOf({ profile: 'round-robin' });
    decide(shadow, { views: TWO });
    decide(shadow, { views: TWO.slice(1) });
    const { where, disagreements } = shadow.report();
    expect(where).toMatchObject({ decisions: 2, disagreements: 1, disagreementShare: 0.5 });
    const [one] = disagreements;
    if (one?.about !== 'where') throw new Error('expected one about where');
    expect(one.decision).toMatchObject({ instanceId: 'idle', reason: expect.stringMatching(/^best of 2/) });
    expect(one.shadow?.instanceId).toBe('first');
    expect(one.shadow?.reason()).toMatch(/^round-robin of 2/);
  });

  it('counts how much more would be at its instance', () => {
    const shadow = shadowOf({ profile: 'round-robin' });
    decide(shadow, { views: TWO });
    expect(shadow.report().where).toMatchObject({ load: { samples: 1, mean: 2, lowerShare: 0 } });
    expect(shadow.report().disagreements[0]).toMatchObject({ oursLoad: 0, shadowLoad: 2 });
  });

  it('counts load by weight', () => {
    const views = [
      aView('first', { instance: { weight: 4 }, inFlightRequests: 2, lastDispatchOrder: 1 }),
      aView('idle', { lastDispatchOrder: 2 }),
    ];
    const shadow = shadowOf({ profile: 'round-robin' });
    decide(shadow, { views });
    expect(shadow.report().where?.load.mean).toBe(0.5);
  });

  it('says when its scores were the same for both, so that only its picker differs', () => {
    const equal = [aView('a', { lastDispatchOrder: 1 }), aView('b', { lastDispatchOrder: 2 })];
    const shadow = shadowOf({ profile: 'least-loaded' });
    for (let i = 0; i < 50; i++) decide(shadow, { views: equal, profile: 'round-robin' });
    const { disagreements, equalScores } = shadow.report().where!;
    expect(disagreements).toBeGreaterThan(5);
    expect(disagreements).toBeLessThan(45);
    expect(equalScores).toBe(disagreements);
  });

  it('counts a choice that its scores speak against as no equal one', () => {
    const shadow = shadowOf({ profile: 'least-loaded' });
    decide(shadow, { views: TWO, profile: 'round-robin' });
    expect(shadow.report().where).toMatchObject({ disagreements: 1, equalScores: 0 });
  });

  it('says when it would have sent the request nowhere yet', () => {
    const anywhere = { name: 'anywhere', filters: [], scorers: [], picker: 'best' };
    const shadow = shadowOf({ profile: 'least-loaded' });
    decide(shadow, { views: [aView('ill', { state: 'ejected' })], profile: anywhere });
    const { where, disagreements } = shadow.report();
    expect(where).toMatchObject({ disagreements: 1, wouldWait: 1, load: { samples: 0 } });
    expect(disagreements).toMatchObject([{ about: 'where', shadow: undefined }]);
  });

  it('keeps counts of each model', () => {
    const shadow = shadowOf({ profile: 'round-robin' });
    decide(shadow, { views: TWO, waiting: waiting({ model: 'x' }) });
    decide(shadow, { views: TWO.slice(0, 1), waiting: waiting({ model: 'y' }) });
    const shares = shadow.report().models.map(({ model, where }) => [model, where?.disagreementShare]);
    expect(shares).toEqual([
      ['x', 1],
      ['y', 0],
    ]);
  });

  it('needs to be one, or a policy', () => {
    expect(() => shadowOf({})).toThrow('shadow: a profile, a policy or both are needed, found none');
  });
});

describe('with a predictor', () => {
  const predictor: LatencyPredictor = {
    name: 'by queue',
    coefficients: () => ({
      ...{ fixedMs: 0, weightsMs: 0, msPerToken: 1, msPerPair: 0, msPerKvToken: 0, msPerRequest: 0 },
      maxBatchedTokens: 1_000,
    }),
    ttft: ({ queuedPrefillTokens }) => ({ mean: 10 + queuedPrefillTokens, standardDeviation: 2 }),
    tpot: () => ({ mean: 1, standardDeviation: 0 }),
    expectedOutputTokens: () => 1,
    accuracy: () => ({ samples: 0, ttftMape: Number.NaN, tpotMape: Number.NaN, ttftWithinP80: Number.NaN }),
  };
  const views = [
    aView('quick', { inFlightRequests: 2, lastDispatchOrder: 1 }),
    aView('busy', { work: { uncachedTokens: 90 }, lastDispatchOrder: 5 }),
  ];

  it('foretells what the difference would have been', () => {
    const shadow = shadowOf({ profile: 'round-robin' });
    decide(shadow, { views, inputs: { predictor } });
    const { where, disagreements } = shadow.report();
    expect(where?.predictedTtftMs).toEqual({ samples: 1, mean: -90, lowerShare: 1 });
    expect(disagreements[0]).toMatchObject({
      oursPredictedMs: { mean: 100 },
      shadowPredictedMs: { mean: 10 },
    });
  });

  it('foretells nothing without one', () => {
    const shadow = shadowOf({ profile: 'round-robin' });
    decide(shadow, { views });
    expect(shadow.report().where).not.toHaveProperty('predictedTtftMs');
    expect(shadow.report().disagreements[0]).not.toHaveProperty('oursPredictedMs');
  });
});

describe('a policy in the shadow', () => {
  const views = [aView('a')];

  it('is compared by whom it would let go first', () => {
    const shadow = shadowOf({ policy: shortestFirst });
    const long = waiting({ id: 'long', promptTokens: 900, enqueuedMs: 100, tenant: 't' });
    const short = waiting({
      id: 'short',
      promptTokens: 9,
      enqueuedMs: 400,
      priority: 'LOW',
      deadlineMs: 9_000,
    });
    shadow.onJoined(long);
    shadow.onJoined(short);
    decide(shadow, { views, waiting: long, nowMs: 600 });
    const { when, where, policy, disagreements } = shadow.report();
    expect({ policy, where }).toEqual({ policy: 'shortest', where: undefined });
    expect(when).toEqual({
      decisions: 1,
      disagreements: 1,
      disagreementShare: 1,
      withChoice: 1,
      waitedMs: { samples: 1, mean: -300, lowerShare: 1 },
    });
    expect(disagreements).toEqual([
      {
        about: 'when',
        ours: { requestId: 'long', priority: 'NORMAL', waitedMs: 500, tokens: 900, tenant: 't' },
        shadow: { requestId: 'short', priority: 'LOW', waitedMs: 200, tokens: 9, deadlineMs: 9_000 },
        decision: expect.objectContaining({ id: 'long.1' }),
      },
    ]);
  });

  it('knows who has gone by then', () => {
    const shadow = shadowOf({ policy: shortestFirst });
    const [long, short] = [waiting({ promptTokens: 900 }), waiting({ promptTokens: 9 })];
    shadow.onJoined(long);
    shadow.onJoined(short);
    decide(shadow, { views, waiting: short });
    decide(shadow, { views, waiting: long });
    expect(shadow.report().when).toMatchObject({ decisions: 2, disagreements: 0, withChoice: 1 });
  });

  it('says so when it would let nobody go', () => {
    const reluctant: SchedulingPolicy = {
      name: 'reluctant',
      createOrder: () => Object.assign(shortestFirst.createOrder(), { next: () => undefined }),
    };
    const shadow = shadowOf({ policy: reluctant });
    decide(shadow, { views });
    expect(shadow.report()).toMatchObject({
      when: { disagreements: 1, waitedMs: { samples: 0 } },
      disagreements: [{ about: 'when', shadow: undefined }],
    });
  });

  it('gives its reason', () => {
    const talking: SchedulingPolicy = {
      name: 'talking',
      createOrder() {
        const order = shortestFirst.createOrder();
        const next = order.next.bind(order);
        return Object.assign(order, {
          next: (context: Parameters<typeof next>[0]) => ({ ...next(context)!, reason: 'it is short' }),
        });
      },
    };
    const shadow = shadowOf({ policy: talking });
    const long = waiting({ promptTokens: 900 });
    for (const one of [long, waiting({ promptTokens: 9 })]) shadow.onJoined(one);
    decide(shadow, { views, waiting: long });
    expect(shadow.report().disagreements).toMatchObject([{ reason: 'it is short' }]);
  });
});

describe('what is kept', () => {
  it('is the last disagreements, newest first', () => {
    const shadow = shadowOf({ profile: 'round-robin' });
    const total = KEPT_DISAGREEMENTS + 3;
    for (let i = 0; i < total; i++) decide(shadow, { views: TWO, waiting: waiting({ id: `r${i}` }) });
    const { where, disagreements } = shadow.report();
    expect(where?.disagreements).toBe(total);
    expect(disagreements).toHaveLength(KEPT_DISAGREEMENTS);
    expect(disagreements[0]!.decision.id).toBe(`r${total - 1}.1`);
    expect(disagreements.at(-1)!.decision.id).toBe('r3.1');
  });

  it('does not include the text of requests that waited', () => {
    const shadow = shadowOf({ policy: shortestFirst });
    const long = waiting({ promptTokens: 900, promptText: 'a secret' });
    for (const one of [long, waiting({ promptTokens: 9, promptText: 'a secret' })]) shadow.onJoined(one);
    decide(shadow, { views: [aView('a')], waiting: long });
    expect(JSON.stringify(shadow.report().disagreements)).not.toContain('a secret');
  });

  it('begins anew when the real profile or policy changes', () => {
    const shadow = shadowOf({ profile: 'round-robin' }, 5);
    decide(shadow, { views: TWO, nowMs: 10 });
    expect(shadow.report()).toMatchObject({
      sinceMs: 5,
      against: { profile: 'least-loaded', policy: 'fifo' },
    });
    decide(shadow, { views: TWO, nowMs: 20, policy: 'priority' });
    expect(shadow.report()).toMatchObject({
      sinceMs: 20,
      against: { policy: 'priority' },
      where: { decisions: 1 },
      models: [{ where: { decisions: 1 } }],
    });
    expect(shadow.report().disagreements).toHaveLength(1);
  });

  it('says against nothing before the first decision', () => {
    expect(shadowOf({ profile: 'random' }).report()).not.toHaveProperty('against');
  });
});

describe('what fails in the shadow', () => {
  const broken: SchedulingPolicy = {
    name: 'broken',
    createOrder() {
      throw new Error('no order today');
    },
    onInstanceRemoved() {
      throw new Error('no news either');
    },
  };

  it('ends the shadow, which says why, and nothing else', () => {
    const shadow = shadowOf({ policy: broken, profile: 'round-robin' });
    decide(shadow, { views: TWO });
    decide(shadow, { views: TWO });
    expect(shadow.report()).toMatchObject({ failure: 'no order today', where: { decisions: 0 } });
  });

  it('includes what its policy does with news', () => {
    const shadow = shadowOf({ policy: broken });
    shadow.listener.onInstanceRemoved?.('a');
    expect(shadow.report().failure).toBe('no news either');
  });
});
