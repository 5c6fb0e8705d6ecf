import { describe, expect, it } from 'vitest';
import { anInstance, aRequest, aScheduler, inShort, makeReady } from '../../test/builders.ts';
import { arrived, completed, failed, passed, small } from './__fixtures__/events.ts';

describe('when no instance is there', () => {
  it('requests wait for the configured time, each from the moment since when that is so', () => {
    const { scheduler, clock } = aScheduler({
      settings: { noInstanceWaitMs: 1_000 },
      instances: [small('a')],
    });
    scheduler.handle(arrived(aRequest({ id: 'running' })));
    scheduler.handle(arrived(aRequest({ id: 'early' })));
    clock.moveTo(5_000);
    scheduler.handle({ type: 'instance-health', instanceId: 'a', isHealthy: false });
    clock.moveTo(5_500);
    scheduler.handle(arrived(aRequest({ id: 'late' })));
    expect(scheduler.nextWakeMs()).toBe(6_000);
    clock.moveTo(6_000);
    expect(inShort(scheduler.handle(passed))).toEqual(['early✗no-instance']);
    clock.moveTo(6_500);
    expect(inShort(scheduler.handle(passed))).toEqual(['late✗no-instance']);
  });

  it('an instance that comes back in time serves them', () => {
    const { scheduler, clock } = aScheduler({ settings: { noInstanceWaitMs: 1_000 } });
    scheduler.handle(arrived(aRequest({ id: 'r' })));
    clock.moveTo(900);
    expect(inShort(makeReady(scheduler, small('a')))).toEqual(['r→a']);
    clock.moveTo(2_000);
    expect(scheduler.handle(passed)).toEqual([]);
  });

  it('forgets the lane of a model that nobody serves and nobody waits for', () => {
    const { scheduler, clock } = aScheduler({ settings: { noInstanceWaitMs: 10 } });
    for (let i = 0; i < 50; i++) scheduler.handle(arrived(aRequest({ model: `unknown-${i}` })));
    clock.moveTo(10);
    scheduler.handle(passed);
    expect([...scheduler.queue.lanes()]).toEqual([]);
  });
});

describe('the life of an instance', () => {
  const health = { consecutiveFailures: 2, baseEjectionMs: 1_000, maxEjectionMs: 4_000 };
  const failOn = (scheduler: ReturnType<typeof aScheduler>['scheduler'], times: number) => {
    for (let i = 0; i < times; i++) {
      const request = aRequest();
      scheduler.handle(arrived(request));
      scheduler.handle(failed(request.id, false));
    }
  };

  it('is ejected after failures in a row, for longer each time', () => {
    const { scheduler, clock } = aScheduler({ settings: { health }, instances: [anInstance('a')] });
    const record = scheduler.fleet.get('a')!;
    failOn(scheduler, 1);
    expect(record.state).toBe('ready');
    failOn(scheduler, 1);
    const lengths = [];
    for (let i = 0; i < 4; i++) {
      expect(record.state).toBe('ejected');
      lengths.push(record.ejectedUntilMs - clock.now());
      clock.moveTo(record.ejectedUntilMs);
      failOn(scheduler, 1);
    }
    expect(lengths).toEqual([1_000, 2_000, 4_000, 4_000]);
  });

  it('gets one request after its ejection, and all of its window when that succeeds', () => {
    const { scheduler, clock } = aScheduler({ settings: { health }, instances: [anInstance('a')] });
    failOn(scheduler, 2);
    for (const id of ['probe', 'next', 'more']) scheduler.handle(arrived(aRequest({ id })));
    clock.moveTo(1_000);
    expect(inShort(scheduler.handle(passed))).toEqual(['probe→a']);
    expect(inShort(scheduler.handle({ type: 'request-first-token', requestId: 'probe' }))).toEqual([
      'next→a',
      'more→a',
    ]);
  });

  it('does not take a caller’s mistake for its own', () => {
    const { scheduler } = aScheduler({ settings: { health }, instances: [anInstance('a')] });
    for (let i = 0; i < 5; i++) {
      const request = aRequest();
      scheduler.handle(arrived(request));
      scheduler.handle(failed(request.id, false, false));
    }
    expect(scheduler.fleet.get('a')?.state).toBe('ready');
  });

  it('gets nothing new while it drains, and again when it is put back', () => {
    const { scheduler } = aScheduler({ instances: [anInstance('a')] });
    scheduler.handle({ type: 'instance-draining', instanceId: 'a', isDraining: true });
    expect(scheduler.handle(arrived(aRequest({ id: 'r' })))).toEqual([]);
    const back = { type: 'instance-draining', instanceId: 'a', isDraining: false } as const;
    expect(inShort(scheduler.handle(back))).toEqual(['r→a']);
  });

  it('finishes what runs there when it is removed, then it is gone', () => {
    const { scheduler } = aScheduler({ instances: [anInstance('a')] });
    scheduler.handle(arrived(aRequest({ id: 'r' })));
    scheduler.handle({ type: 'instance-removed', instanceId: 'a' });
    expect(scheduler.fleet.get('a')?.state).toBe('draining');
    scheduler.handle(completed('r'));
    expect(scheduler.fleet.get('a')).toBeUndefined();
    expect(scheduler.fleet.modelNames()).toEqual([]);
  });

  it('serves other models when its facts change', () => {
    const { scheduler } = aScheduler({ instances: [anInstance('a')] });
    scheduler.handle(arrived(aRequest({ id: 'r', model: 'new' })));
    const instance = anInstance('a', { models: ['new'] });
    expect(inShort(scheduler.handle({ type: 'instance-added', instance }))).toEqual(['r→a']);
    expect(scheduler.fleet.modelNames()).toEqual(['new']);
  });

  it('stays as it starts while its first health checks fail', () => {
    const { scheduler } = aScheduler();
    scheduler.handle({ type: 'instance-added', instance: anInstance('a') });
    scheduler.handle({ type: 'instance-health', instanceId: 'a', isHealthy: false, detail: '503, loading' });
    expect(scheduler.fleet.get('a')).toMatchObject({ state: 'starting', detail: '503, loading' });
  });

  it('takes no notice of news of instances that it does not know', () => {
    const { scheduler } = aScheduler();
    expect(scheduler.handle({ type: 'instance-removed', instanceId: 'ghost' })).toEqual([]);
    expect(scheduler.handle({ type: 'instance-reported', report: { instanceId: 'ghost', atMs: 1 } })).toEqual(
      [],
    );
  });

  it('does not let an older report replace a newer one', () => {
    const { scheduler } = aScheduler({ instances: [anInstance('a')] });
    for (const [atMs, runningRequests] of [
      [20, 2],
      [10, 1],
    ] as const) {
      scheduler.handle({ type: 'instance-reported', report: { instanceId: 'a', atMs, runningRequests } });
    }
    expect(scheduler.fleet.get('a')?.report?.runningRequests).toBe(2);
  });
});

it('counts towards a report only what happened after its page was read', () => {
  const { scheduler, clock } = aScheduler({ instances: [anInstance('a')] });
  scheduler.handle(arrived(aRequest({ id: 'before' })));
  clock.moveTo(100);
  scheduler.handle(arrived(aRequest({ id: 'meanwhile' })));
  clock.moveTo(200);
  const report = { instanceId: 'a', atMs: 50, runningRequests: 1 };
  scheduler.handle({ type: 'instance-reported', report });
  expect(scheduler.fleet.get('a')).toMatchObject({ dispatchedSinceReport: 1, endedSinceReport: 0 });
});
