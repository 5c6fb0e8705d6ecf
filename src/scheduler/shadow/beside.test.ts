/** A shadow beside a scheduler at work: it sees all, and changes nothing. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anInstance, aRequest, aScheduler, inShort } from '../../../test/builders.ts';
import { type LifecycleListener, seededRandom } from '../../domain/index.ts';
import { fifoPolicy, keyedPolicy, type SchedulingPolicy } from '../../queueing/index.ts';
import { findPreset, RoutingProfile } from '../../routing/index.ts';
import type { SchedulerEvent } from '../events.ts';
import type { Scheduler } from '../scheduler.ts';
import { Shadow, type ShadowParts } from './shadow.ts';

const longestFirst = keyedPolicy('longest', ({ promptTokens }) => -promptTokens);

function cast(scheduler: Scheduler, parts: Omit<ShadowParts, 'random'>, seed = 3): void {
  scheduler.setShadow(new Shadow({ ...parts, random: seededRandom(seed) }, 0));
}

const preset = (name: string) => new RoutingProfile(findPreset(name));
const arrived = (id: string, promptTokens: number, more: object = {}) =>
  ({ type: 'request-arrived', request: aRequest({ id, promptTokens, ...more }) }) as const;

const aStep = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(fc.constant('arrive'), fc.integer({ min: 1, max: 60 })) },
  {
    weight: 6,
    arbitrary: fc.tuple(
      fc.constantFrom('complete', 'fail', 'give up', 'push back', 'first token', 'leave', 'leave the line'),
      fc.nat(50),
    ),
  },
  { weight: 3, arbitrary: fc.tuple(fc.constant('wait'), fc.nat(400)) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom('ill', 'well', 'drain', 'gone', 'back'), fc.nat(2)) },
);
const aRun = fc.array(aStep, { minLength: 5, maxLength: 150 });

/** Plays `steps`, and casts the shadow at the step `from`. */
function play(
  steps: readonly (readonly [string, number])[],
  routing: string,
  shadow?: { readonly parts: () => Omit<ShadowParts, 'random'>; readonly from: number },
): { readonly log: readonly string[]; readonly scheduler: Scheduler } {
  const instances = ['a', 'b', 'c'].map((id, i) =>
    anInstance(id, { models: ['x', 'y'].slice(0, 1 + (i % 2)), maxConcurrency: 1 + i, maxPrefillTokens: 80 }),
  );
  const { scheduler, clock } = aScheduler({
    instances,
    routing,
    settings: { admission: { maxRequests: 12, maxTokens: 500 }, noInstanceWaitMs: 500 },
  });
  const running: string[] = [];
  const waiting: string[] = [];
  const log: string[] = [];
  const without = (list: string[], id: string) => list.splice(list.indexOf(id) >>> 0, 1);
  const tell = (event: SchedulerEvent) => {
    const effects = scheduler.handle(event);
    log.push(...inShort(effects));
    for (const effect of effects) {
      const id = effect.type === 'dispatch' ? effect.request.id : effect.requestId;
      without(waiting, id);
      if (effect.type === 'dispatch') running.push(id);
    }
  };
  const end = (who: number, event: (requestId: string) => SchedulerEvent, isBack = false) => {
    const requestId = running[who % running.length];
    if (requestId === undefined) return;
    without(running, requestId);
    if (isBack) waiting.push(requestId);
    tell(event(requestId));
  };
  const failed = (mayRetry: boolean) => (requestId: string) =>
    ({ type: 'request-failed', requestId, mayRetry, isInstanceFault: true }) as const;
  const doStep: Readonly<Record<string, (figure: number, i: number) => void>> = {
    arrive(promptTokens, i) {
      waiting.push(`r${i}`);
      const deadline = i % 7 === 0 ? { deadlineMs: clock.now() + 300 } : {};
      const model = i % 3 === 0 ? 'y' : 'x';
      tell(arrived(`r${i}`, promptTokens, { model, arrivalMs: clock.now(), ...deadline }));
    },
    complete: (who) => end(who, (requestId) => ({ type: 'request-completed', requestId })),
    fail: (who) => end(who, failed(true), true),
    'give up': (who) => end(who, failed(false)),
    'push back': (who) =>
      end(who, (requestId) => ({ type: 'request-pushed-back', requestId, retryAfterMs: 50 }), true),
    leave: (who) => end(who, (requestId) => ({ type: 'request-cancelled', requestId })),
    'leave the line'(who) {
      const requestId = waiting[who % waiting.length];
      if (requestId === undefined) return;
      without(waiting, requestId);
      tell({ type: 'request-cancelled', requestId });
    },
    'first token'(who) {
      const requestId = running[who % running.length];
      if (requestId !== undefined) tell({ type: 'request-first-token', requestId });
    },
    wait(ms) {
      clock.advance(ms);
      tell({ type: 'time-passed' });
    },
    ill: (at) => tell({ type: 'instance-health', instanceId: 'abc'[at]!, isHealthy: false }),
    well: (at) => tell({ type: 'instance-health', instanceId: 'abc'[at]!, isHealthy: true }),
    drain: (at) => tell({ type: 'instance-draining', instanceId: 'abc'[at]!, isDraining: true }),
    gone: (at) => tell({ type: 'instance-removed', instanceId: 'abc'[at]! }),
    back(at) {
      tell({ type: 'instance-added', instance: instances[at]! });
      tell({ type: 'instance-draining', instanceId: 'abc'[at]!, isDraining: false });
      tell({ type: 'instance-health', instanceId: 'abc'[at]!, isHealthy: true });
    },
  };
  steps.forEach(([what, figure], i) => {
    if (shadow !== undefined && i === shadow.from % steps.length) cast(scheduler, shadow.parts());
    doStep[what]!(figure, i);
  });
  return { log, scheduler };
}

describe('a shadow', () => {
  it('never changes what is decided', () => {
    const contrary = () => ({ profile: preset('random'), policy: longestFirst });
    fc.assert(
      fc.property(aRun, fc.nat(), fc.constantFrom('least-loaded', 'random'), (steps, from, routing) => {
        const alone = play(steps, routing).log;
        expect(play(steps, routing, { parts: contrary, from }).log).toEqual(alone);
      }),
    );
  });

  it('with the same policy and a profile without chance never disagrees, from whenever on it is there', () => {
    const same = () => ({ profile: preset('round-robin'), policy: fifoPolicy() });
    let decisions = 0;
    fc.assert(
      fc.property(aRun, fc.nat(), (steps, from) => {
        const report = play(steps, 'round-robin', { parts: same, from }).scheduler.shadowReport()!;
        expect(report.failure).toBeUndefined();
        expect(report.disagreements).toEqual([]);
        expect(report.where?.decisions).toBe(report.when?.decisions);
        decisions += report.when!.decisions;
      }),
    );
    expect(decisions).toBeGreaterThan(100);
  });

  it('is shown the instances without the dispatch that follows', () => {
    const { scheduler } = aScheduler({ instances: [anInstance('a'), anInstance('b')] });
    cast(scheduler, { profile: preset('least-loaded') });
    for (let i = 0; i < 40; i++) scheduler.handle(arrived(`r${i}`, 1));
    const { disagreements, equalScores } = scheduler.shadowReport()!.where!;
    expect(disagreements).toBeGreaterThan(0);
    expect(equalScores).toBe(disagreements);
  });

  it('looks past whom nobody can serve now, as the real policy does', () => {
    const both = ['a', 'b'].map((id) => anInstance(id, { maxConcurrency: 1 }));
    const { scheduler } = aScheduler({ instances: both });
    cast(scheduler, { policy: fifoPolicy() });
    const log = (event: SchedulerEvent) => inShort(scheduler.handle(event));
    const [failing] = [...log(arrived('retried', 1)), ...log(arrived('other', 1))].map((one) =>
      one.slice(-1),
    );
    const healthy = failing === 'a' ? 'b' : 'a';
    log({ type: 'request-failed', requestId: 'retried', mayRetry: true, isInstanceFault: true });
    log({ type: 'instance-health', instanceId: healthy, isHealthy: false });
    expect(log(arrived('later', 1))).toEqual([`later→${failing}`]);
    log({ type: 'request-completed', requestId: 'other' });
    expect(log({ type: 'instance-health', instanceId: healthy, isHealthy: true })).toEqual([
      `retried→${healthy}`,
    ]);
    expect(scheduler.shadowReport()).toMatchObject({ when: { decisions: 4, disagreements: 0 } });
  });

  it('takes in what waits already', () => {
    const { scheduler } = aScheduler({ instances: [anInstance('a', { maxConcurrency: 1 })] });
    for (const [id, tokens] of [
      ['running', 1],
      ['short', 10],
      ['long', 90],
    ] as const)
      scheduler.handle(arrived(id, tokens));
    cast(scheduler, { policy: longestFirst });
    scheduler.handle({ type: 'request-completed', requestId: 'running' });
    expect(scheduler.shadowReport()).toMatchObject({
      when: { decisions: 1, disagreements: 1 },
      disagreements: [{ about: 'when', ours: { requestId: 'short' }, shadow: { requestId: 'long' } }],
    });
  });

  it('lets its policy learn from what really happens', () => {
    const heard: string[] = [];
    const note = (what: string) => (of: { readonly id: string } | string) =>
      void heard.push(`${what} ${typeof of === 'string' ? of : of.id}`);
    const listening: SchedulingPolicy & LifecycleListener = {
      ...longestFirst,
      onInstanceRegistered: note('registered'),
      onRequestDispatched: note('dispatched'),
      onRequestCompleted: note('completed'),
      onInstanceRemoved: note('removed'),
    };
    const { scheduler } = aScheduler({ instances: [anInstance('a')] });
    cast(scheduler, { policy: listening });
    scheduler.handle(arrived('r', 1));
    scheduler.handle({ type: 'request-completed', requestId: 'r' });
    scheduler.handle({ type: 'instance-removed', instanceId: 'a' });
    const all = ['registered a', 'dispatched r', 'completed r', 'removed a'];
    expect(heard).toEqual(all);
    scheduler.setShadow(undefined);
    scheduler.handle({ type: 'instance-added', instance: anInstance('b') });
    expect(heard).toEqual(all);
    expect(scheduler.shadowReport()).toBeUndefined();
  });

  it('goes on through a change of the real policy', () => {
    const { scheduler } = aScheduler({ instances: [anInstance('a', { maxConcurrency: 1 })] });
    cast(scheduler, { policy: longestFirst });
    for (const [id, tokens] of [
      ['running', 1],
      ['short', 10],
      ['long', 90],
    ] as const)
      scheduler.handle(arrived(id, tokens));
    scheduler.reconfigure({ policy: { ...longestFirst, name: 'longest too' } });
    scheduler.handle({ type: 'request-completed', requestId: 'running' });
    expect(scheduler.shadowReport()).toMatchObject({
      against: { policy: 'longest too' },
      when: { decisions: 1, disagreements: 0 },
    });
  });

  it('that fails lets every request through', () => {
    const broken: SchedulingPolicy = {
      name: 'broken',
      createOrder() {
        throw new Error('no order today');
      },
    };
    const { scheduler } = aScheduler({ instances: [anInstance('a')] });
    cast(scheduler, { policy: broken });
    expect(inShort(scheduler.handle(arrived('r', 1)))).toEqual(['r→a']);
    expect(scheduler.shadowReport()?.failure).toBe('no order today');
  });
});
