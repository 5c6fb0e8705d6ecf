import { describe, expect, it } from 'vitest';
import { anInstance, aRequest } from '../../test/builders.ts';
import { ManualClock, type SchedulingDecision, seededRandom } from '../domain/index.ts';
import { createPolicy } from '../queueing/index.ts';
import { findPreset, RoutingProfile } from '../routing/index.ts';
import { LiveScheduler, type Timers } from './live.ts';
import { DEFAULT_SCHEDULER_SETTINGS, type SchedulerSettings } from './settings.ts';

/** Timers on a manual clock; `run(ms)` lets time pass and fires what falls due on the way. */
function manualTime() {
  const clock = new ManualClock(1_000);
  const due = new Map<number, { atMs: number; callback: () => void }>();
  let count = 0;
  const timers: Timers = {
    setTimeout(callback, delayMs) {
      due.set(++count, { atMs: clock.now() + delayMs, callback });
      return count;
    },
    clearTimeout: (handle) => void due.delete(handle),
  };
  const run = (forMs: number): void => {
    const endMs = clock.now() + forMs;
    for (;;) {
      const next = [...due].sort(([, a], [, b]) => a.atMs - b.atMs)[0];
      if (next === undefined || next[1].atMs > endMs) break;
      due.delete(next[0]);
      clock.moveTo(Math.max(clock.now(), next[1].atMs));
      next[1].callback();
    }
    clock.moveTo(endMs);
  };
  return { clock, timers, run, timerCount: () => due.size };
}

function aLiveScheduler(settings: Partial<SchedulerSettings> = {}) {
  const time = manualTime();
  const decisions: SchedulingDecision[] = [];
  const live = new LiveScheduler({
    ...time,
    random: seededRandom(1),
    policy: createPolicy({ name: 'fifo' }),
    profile: new RoutingProfile(findPreset('least-loaded')),
    settings: { ...DEFAULT_SCHEDULER_SETTINGS, ...settings },
    onDecision: (decision) => decisions.push(decision),
  });
  const log: string[] = [];
  const submit = (id: string, fields: Parameters<typeof aRequest>[0] = {}) =>
    live.submit(aRequest({ id, arrivalMs: time.clock.now(), ...fields }), {
      onDispatch: (_, instance, request) => log.push(`${request.id}→${instance.id}`),
      onReject: ({ requestId, reason }) => log.push(`${requestId}✗${reason}`),
    });
  const add = (id: string, maxConcurrency = 1): void => {
    live.tellFleet({ type: 'instance-added', instance: anInstance(id, { maxConcurrency }) });
    live.tellFleet({ type: 'instance-health', instanceId: id, isHealthy: true });
  };
  return { ...time, live, log, submit, add, decisions };
}

describe('a ticket', () => {
  it('hears of its dispatch before `submit` returns when an instance has room', () => {
    const { submit, add, log } = aLiveScheduler();
    add('a');
    submit('r');
    expect(log).toEqual(['r→a']);
  });

  it('hears of its dispatch when another one completes', () => {
    const { submit, add, log } = aLiveScheduler();
    add('a');
    const first = submit('first');
    submit('second');
    first.complete();
    expect(log).toEqual(['first→a', 'second→a']);
  });

  it('is dispatched anew after a failure that may be retried', () => {
    const { submit, add, log } = aLiveScheduler();
    add('a');
    const ticket = submit('r');
    add('b');
    ticket.fail({ mayRetry: true, isInstanceFault: true });
    expect(log).toEqual(['r→a', 'r→b']);
    ticket.complete();
    ticket.complete();
    ticket.fail({ mayRetry: true, isInstanceFault: true });
    expect(log).toHaveLength(2);
  });

  it('knows its place among those that wait', () => {
    const { submit, add, run } = aLiveScheduler();
    add('a');
    const running = submit('running');
    run(1);
    const second = submit('second');
    run(1);
    const third = submit('third');
    expect([running.position(), second.position(), third.position()]).toEqual([undefined, 1, 2]);
    second.cancel();
    run(1_000);
    expect(third.position()).toBe(1);
  });

  it('is no longer spoken to after it was cancelled', () => {
    const { submit, add, log } = aLiveScheduler();
    submit('gone').cancel();
    add('a');
    expect(log).toEqual([]);
  });

  it('gets an id of its own when the id is in use', () => {
    const { submit } = aLiveScheduler();
    expect([submit('same'), submit('same'), submit('same')].map(({ requestId }) => requestId)).toEqual([
      'same',
      'same~2',
      'same~3',
    ]);
  });

  it('may end inside its own dispatch', () => {
    const { live, add, log, submit } = aLiveScheduler();
    add('a');
    const fields = { id: 'eager', arrivalMs: 0 };
    const ticket = live.submit(aRequest(fields), {
      onDispatch: () => queueMicrotask(() => ticket.complete()),
      onReject: () => undefined,
    });
    submit('next');
    ticket.complete();
    expect(log).toEqual(['next→a']);
  });
});

describe('time', () => {
  it('wakes the scheduler at a deadline', () => {
    const { submit, log, run, clock } = aLiveScheduler();
    submit('r', { deadlineMs: clock.now() + 50 });
    run(49);
    expect(log).toEqual([]);
    run(1);
    expect(log).toEqual(['r✗deadline']);
  });

  it('wakes it when nobody came to serve', () => {
    const { submit, log, run } = aLiveScheduler({ noInstanceWaitMs: 2_000 });
    submit('r');
    run(2_000);
    expect(log).toEqual(['r✗no-instance']);
  });

  it('wakes it when a rest is over', () => {
    const { submit, add, log, run } = aLiveScheduler();
    add('a');
    submit('r').pushBack(300);
    run(300);
    expect(log).toEqual(['r→a', 'r→a']);
  });

  it('keeps one timer at the most, and none once closed', () => {
    const { submit, live, clock, timerCount } = aLiveScheduler();
    for (let i = 1; i <= 20; i++) submit(`r${i}`, { deadlineMs: clock.now() + 100 * i });
    expect(timerCount()).toBe(1);
    live.close();
    expect(timerCount()).toBe(0);
  });
});

describe('looking inside', () => {
  it('shows instances, queue and counters', () => {
    const { submit, add, live, run, decisions } = aLiveScheduler();
    add('a');
    submit('running', { promptTokens: 30 });
    submit('waiting', { promptTokens: 20, maxTokens: 5, priority: 'HIGH' });
    expect(live.waitingRequests()).toBe(1);
    run(40);
    live.tellFleet({
      type: 'instance-reported',
      report: { instanceId: 'a', atMs: 1_000, runningRequests: 1 },
    });
    expect(live.instances()).toMatchObject([
      {
        instance: { id: 'a' },
        state: 'ready',
        inFlightRequests: 1,
        pendingPrefillTokens: 30,
        reportAgeMs: 40,
        isReportStale: false,
        dispatchedTotal: 1,
      },
    ]);
    expect(live.queue()).toMatchObject({
      waitingRequests: 1,
      waitingTokens: 25,
      inFlightRequests: 1,
      lanes: [{ model: 'm', waitingByPriority: { HIGH: 1, NORMAL: 0 }, oldestWaitMs: 40 }],
    });
    expect(live.counters()).toMatchObject({ arrived: 2, dispatched: 1, completed: 0 });
    expect(decisions.map(({ id }) => id)).toEqual(['running.1']);
    expect(live.modelNames()).toEqual(['m']);
  });

  it('shows a report as stale after three intervals', () => {
    const { add, live, run } = aLiveScheduler();
    add('a');
    live.tellFleet({ type: 'instance-reported', report: { instanceId: 'a', atMs: 1_000 } });
    run(3_001);
    expect(live.instances()[0]).toMatchObject({ isReportStale: true, reportAgeMs: 3_001 });
  });
});

it('switches policy, profile and limits while requests wait, and loses none', () => {
  const { submit, add, live, log } = aLiveScheduler();
  add('a');
  const running = submit('running');
  submit('low', { priority: 'LOW' });
  submit('high', { priority: 'HIGH' });
  live.reconfigure({
    policy: createPolicy({ name: 'priority' }),
    profile: new RoutingProfile(findPreset('round-robin')),
    settings: { ...DEFAULT_SCHEDULER_SETTINGS, admission: { maxRequests: 2, maxTokens: 1e6 } },
  });
  submit('too many', { priority: 'LOW' });
  running.complete();
  expect(log).toEqual(['running→a', 'too many✗queue-full', 'high→a']);
});
