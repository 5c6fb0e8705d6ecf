import { describe, expect, it } from 'vitest';
import { anInstance, aRequest, aScheduler, inShort, makeReady } from '../../test/builders.ts';
import type { LifecycleListener, RequestMetadata } from '../domain/index.ts';
import { DEFAULT_SCHEDULER_SETTINGS } from './settings.ts';

const small = (id: string) => anInstance(id, { maxConcurrency: 1 });
const arrived = (request: RequestMetadata) => ({ type: 'request-arrived', request }) as const;
const completed = (requestId: string) => ({ type: 'request-completed', requestId }) as const;
const cancelled = (requestId: string) => ({ type: 'request-cancelled', requestId }) as const;
const failed = (requestId: string, mayRetry = true, isInstanceFault = true) =>
  ({ type: 'request-failed', requestId, mayRetry, isInstanceFault }) as const;
const passed = { type: 'time-passed' } as const;

describe('dispatching', () => {
  it('sends a request at its arrival to an instance with room', () => {
    const { scheduler } = aScheduler({ instances: [small('a')] });
    expect(inShort(scheduler.handle(arrived(aRequest({ id: 'r' }))))).toEqual(['r→a']);
  });

  it('holds what has no room, and sends it at the completion that makes room', () => {
    const { scheduler } = aScheduler({ instances: [small('a')] });
    scheduler.handle(arrived(aRequest({ id: 'first' })));
    expect(scheduler.handle(arrived(aRequest({ id: 'second' })))).toEqual([]);
    expect(inShort(scheduler.handle(completed('first')))).toEqual(['second→a']);
  });

  it('sends in the order of the policy', () => {
    const { scheduler } = aScheduler({ policy: 'priority', instances: [small('a')] });
    scheduler.handle(arrived(aRequest({ id: 'running' })));
    scheduler.handle(arrived(aRequest({ id: 'low', priority: 'LOW' })));
    scheduler.handle(arrived(aRequest({ id: 'high', priority: 'HIGH' })));
    expect(inShort(scheduler.handle(completed('running')))).toEqual(['high→a']);
    expect(inShort(scheduler.handle(completed('high')))).toEqual(['low→a']);
  });

  it('keeps one order across the models of an instance', () => {
    const both = anInstance('a', { models: ['x', 'y'], maxConcurrency: 1 });
    const { scheduler } = aScheduler({ instances: [both] });
    scheduler.handle(arrived(aRequest({ id: 'running', model: 'x' })));
    scheduler.handle(arrived(aRequest({ id: 'second', model: 'y', arrivalMs: 2 })));
    scheduler.handle(arrived(aRequest({ id: 'first', model: 'x', arrivalMs: 1 })));
    expect(inShort(scheduler.handle(completed('running')))).toEqual(['first→a']);
    expect(inShort(scheduler.handle(completed('first')))).toEqual(['second→a']);
  });

  it('sends what waits when an instance becomes ready', () => {
    const { scheduler } = aScheduler();
    scheduler.handle({ type: 'instance-added', instance: small('a') });
    expect(scheduler.handle(arrived(aRequest({ id: 'r' })))).toEqual([]);
    const health = { type: 'instance-health', instanceId: 'a', isHealthy: true } as const;
    expect(inShort(scheduler.handle(health))).toEqual(['r→a']);
  });

  it('keeps a large prompt at the head of its lane until there is room for it', () => {
    const instance = anInstance('a', { maxPrefillTokens: 100 });
    const { scheduler } = aScheduler({ instances: [instance] });
    scheduler.handle(arrived(aRequest({ id: 'prefilling', promptTokens: 90 })));
    expect(scheduler.handle(arrived(aRequest({ id: 'large', promptTokens: 80 })))).toEqual([]);
    expect(scheduler.handle(arrived(aRequest({ id: 'small', promptTokens: 5 })))).toEqual([]);
    const firstToken = { type: 'request-first-token', requestId: 'prefilling' } as const;
    expect(inShort(scheduler.handle(firstToken))).toEqual(['large→a', 'small→a']);
  });

  it('counts own dispatches at once, so that a burst between two reports does not herd', () => {
    const { scheduler } = aScheduler({ instances: ['a', 'b', 'c', 'd'].map((id) => anInstance(id)) });
    for (const instanceId of ['a', 'b', 'c', 'd']) {
      const report = { instanceId, atMs: 0, waitingRequests: 0, runningRequests: instanceId === 'a' ? 0 : 1 };
      scheduler.handle({ type: 'instance-reported', report });
    }
    const burst = Array.from({ length: 8 }, () => scheduler.handle(arrived(aRequest()))).flat();
    const loads: Record<string, number> = { a: 0, b: 1, c: 1, d: 1 };
    for (const effect of burst) if (effect.type === 'dispatch') loads[effect.decision.instanceId]!++;
    expect(Object.values(loads).sort()).toEqual([2, 3, 3, 3]);
  });

  it('records how long the request waited and which attempt it is', () => {
    const { scheduler, clock } = aScheduler({ instances: [small('a')] });
    scheduler.handle(arrived(aRequest({ id: 'first' })));
    scheduler.handle(arrived(aRequest({ id: 'second' })));
    clock.advance(250);
    const [effect] = scheduler.handle(completed('first'));
    expect(effect).toMatchObject({
      decision: {
        id: 'second.1',
        requestId: 'second',
        queueMs: 250,
        attempt: 1,
        policy: 'fifo',
        profile: 'least-loaded',
      },
    });
  });
});

describe('a request that only some instances may serve', () => {
  it('waits for one of them, however idle others are', () => {
    const { scheduler } = aScheduler({ instances: [small('a'), small('b'), small('c')] });
    const onA = { onlyInstances: ['a'] };
    expect(inShort(scheduler.handle(arrived(aRequest({ id: 'first', ...onA }))))).toEqual(['first→a']);
    expect(scheduler.handle(arrived(aRequest({ id: 'second', ...onA })))).toEqual([]);
    expect(inShort(scheduler.handle(completed('first')))).toEqual(['second→a']);
  });

  it('does not hold up those behind it that others may serve', () => {
    const { scheduler } = aScheduler({ instances: [small('a'), small('b')] });
    scheduler.handle(arrived(aRequest({ id: 'running', onlyInstances: ['a'] })));
    for (let i = 0; i < 40; i++) scheduler.handle(arrived(aRequest({ id: `r${i}`, onlyInstances: ['a'] })));
    expect(inShort(scheduler.handle(arrived(aRequest({ id: 'free' }))))).toEqual(['free→b']);
    expect(inShort(scheduler.handle(completed('running')))).toEqual(['r0→a']);
  });

  it('says so in the decision', () => {
    const { scheduler } = aScheduler({ instances: [small('a'), small('b')] });
    const [effect] = scheduler.handle(arrived(aRequest({ onlyInstances: ['b'] })));
    expect(effect).toMatchObject({ decision: { instanceId: 'b' } });
    if (effect?.type !== 'dispatch') throw new Error('not dispatched');
    expect(effect.decision.filteredOut).toEqual({ 'only-instances': 1 });
  });

  it('goes elsewhere after a failure only where it may', () => {
    const { scheduler } = aScheduler({ instances: [small('a'), small('b')] });
    scheduler.handle(arrived(aRequest({ id: 'r', onlyInstances: ['a'] })));
    expect(inShort(scheduler.handle(failed('r')))).toEqual(['r✗retries-exhausted']);
  });
});

describe('admission', () => {
  const settings = { admission: { maxRequests: 2, maxTokens: 1_000 } };
  const busy = () => {
    const started = aScheduler({ settings, policy: 'priority', instances: [small('a')] });
    started.scheduler.handle(arrived(aRequest({ id: 'running' })));
    started.scheduler.handle(arrived(aRequest({ id: 'low', priority: 'LOW' })));
    started.scheduler.handle(arrived(aRequest({ id: 'normal' })));
    return started;
  };

  it('refuses a request when the queue is full of its own class or higher', () => {
    const { scheduler } = busy();
    const [rejection] = scheduler.handle(arrived(aRequest({ id: 'late', priority: 'LOW' })));
    expect(rejection).toMatchObject({
      requestId: 'late',
      reason: 'queue-full',
      message: 'The queue is full (maxRequests = 2).',
    });
  });

  it('sheds the lowest class for a higher one', () => {
    expect(inShort(busy().scheduler.handle(arrived(aRequest({ id: 'high', priority: 'HIGH' }))))).toEqual([
      'low✗shed',
    ]);
  });

  it('bounds the tokens that wait', () => {
    const { scheduler } = aScheduler({ settings, instances: [small('a')] });
    scheduler.handle(arrived(aRequest()));
    scheduler.handle(arrived(aRequest({ promptTokens: 900 })));
    const [rejection] = scheduler.handle(arrived(aRequest({ promptTokens: 60, maxTokens: 50 })));
    expect(rejection).toMatchObject({ message: 'The queue is full (maxTokens = 1000).' });
  });

  it('lets a request straight through to a model with room, however full the queue is', () => {
    const { scheduler } = busy();
    makeReady(scheduler, anInstance('b', { models: ['other'] }));
    expect(inShort(scheduler.handle(arrived(aRequest({ id: 'r', model: 'other' }))))).toEqual(['r→b']);
  });

  it('tells when to come again from the rate at which requests leave', () => {
    const { scheduler, clock } = aScheduler({
      settings: { admission: { maxRequests: 60, maxTokens: 1e9 } },
      instances: [small('a')],
    });
    scheduler.handle(arrived(aRequest({ id: 'r0' })));
    for (let i = 1; i <= 60; i++) scheduler.handle(arrived(aRequest({ id: `r${i}` })));
    for (let i = 0; i < 60; i++) {
      clock.advance(500);
      scheduler.handle(completed(`r${i}`));
      scheduler.handle(arrived(aRequest({ id: `n${i}` })));
    }
    const [rejection] = scheduler.handle(arrived(aRequest()));
    // 61 requests ahead, itself included, at 2 per second.
    expect(rejection).toMatchObject({ reason: 'queue-full', retryAfterMs: expect.closeTo(30_500, -4) });
  });
});

describe('deadlines', () => {
  it('fails a request whose deadline passes while it waits, at that moment', () => {
    const { scheduler, clock } = aScheduler({ instances: [small('a')] });
    scheduler.handle(arrived(aRequest({ id: 'running' })));
    scheduler.handle(arrived(aRequest({ id: 'r', deadlineMs: 100 })));
    expect(scheduler.nextWakeMs()).toBe(100);
    clock.moveTo(99);
    expect(scheduler.handle(passed)).toEqual([]);
    clock.moveTo(100);
    expect(inShort(scheduler.handle(passed))).toEqual(['r✗deadline']);
    expect(scheduler.nextWakeMs()).toBe(Number.POSITIVE_INFINITY);
  });

  it('fails a request that comes too late at once, though an instance has room', () => {
    const { scheduler, clock } = aScheduler({ instances: [small('a')] });
    clock.moveTo(200);
    expect(inShort(scheduler.handle(arrived(aRequest({ id: 'r', deadlineMs: 200 }))))).toEqual([
      'r✗deadline',
    ]);
  });

  it('leaves a request alone that is with an instance already', () => {
    const { scheduler, clock } = aScheduler({ instances: [small('a')] });
    scheduler.handle(arrived(aRequest({ id: 'r', deadlineMs: 100 })));
    clock.moveTo(500);
    expect(scheduler.handle(passed)).toEqual([]);
  });
});

describe('cancellation', () => {
  it('frees the place in the queue', () => {
    const { scheduler } = aScheduler({ instances: [small('a')] });
    scheduler.handle(arrived(aRequest({ id: 'running' })));
    scheduler.handle(arrived(aRequest({ id: 'gone' })));
    scheduler.handle(arrived(aRequest({ id: 'next' })));
    scheduler.handle(cancelled('gone'));
    expect(inShort(scheduler.handle(completed('running')))).toEqual(['next→a']);
  });

  it('frees the place on the instance at once', () => {
    const { scheduler } = aScheduler({ instances: [small('a')] });
    scheduler.handle(arrived(aRequest({ id: 'running' })));
    scheduler.handle(arrived(aRequest({ id: 'next' })));
    expect(inShort(scheduler.handle(cancelled('running')))).toEqual(['next→a']);
  });

  it('means nothing for a request that has ended', () => {
    const { scheduler } = aScheduler({ instances: [small('a')] });
    scheduler.handle(arrived(aRequest({ id: 'r' })));
    scheduler.handle(completed('r'));
    expect(scheduler.handle(cancelled('r'))).toEqual([]);
    expect(scheduler.counters.cancelled).toBe(0);
  });
});

describe('retries', () => {
  it('tries a failed request on another instance, never again on the one that failed it', () => {
    const { scheduler } = aScheduler({ routing: 'round-robin', instances: [small('a'), small('b')] });
    scheduler.handle(arrived(aRequest({ id: 'r' })));
    const [effect] = scheduler.handle(failed('r'));
    expect(inShort([effect!])).toEqual(['r→b']);
    expect(effect).toMatchObject({
      request: { retries: 1, failedInstances: ['a'] },
      decision: { attempt: 2 },
    });
  });

  it('gives up when every instance has failed it', () => {
    const { scheduler } = aScheduler({ instances: [small('a')] });
    scheduler.handle(arrived(aRequest({ id: 'r' })));
    expect(scheduler.handle(failed('r'))).toMatchObject([
      { reason: 'retries-exhausted', message: 'No other instance can serve it (attempts: 1).' },
    ]);
  });

  it('gives up after the most retries', () => {
    const instances = ['a', 'b', 'c', 'd', 'e'].map((id) => small(id));
    const { scheduler } = aScheduler({ instances });
    scheduler.handle(arrived(aRequest({ id: 'r' })));
    expect(scheduler.handle(failed('r'))).toMatchObject([{ type: 'dispatch' }]);
    expect(scheduler.handle(failed('r'))).toMatchObject([{ type: 'dispatch' }]);
    expect(scheduler.handle(failed('r'))).toMatchObject([{ reason: 'retries-exhausted' }]);
  });

  it('keeps retries within the budget of the fleet', () => {
    const settings = {
      retries: { maxRetries: 2, budgetShare: 0.25 },
      health: { ...DEFAULT_SCHEDULER_SETTINGS.health, consecutiveFailures: 1e9 },
    };
    const { scheduler } = aScheduler({ settings, instances: [anInstance('a'), anInstance('b')] });
    let retried = 0;
    for (let i = 0; i < 1_000; i++) {
      scheduler.handle(arrived(aRequest({ id: `q${i}` })));
      if (scheduler.handle(failed(`q${i}`)).some(({ type }) => type === 'dispatch')) {
        retried++;
        scheduler.handle(completed(`q${i}`));
      }
    }
    // A quarter of the arrivals, and the reserve of ten.
    expect(retried).toBe(260);
  });

  it('ends a request that may not be tried again without a word', () => {
    const { scheduler } = aScheduler({ instances: [small('a'), small('b')] });
    scheduler.handle(arrived(aRequest({ id: 'r' })));
    expect(scheduler.handle(failed('r', false))).toEqual([]);
    expect(scheduler.counters).toMatchObject({ failed: 1, retried: 0 });
  });

  it('turns a waiting retry away when the last other instance stays out', () => {
    const { scheduler, clock } = aScheduler({ instances: [small('a'), small('b')] });
    scheduler.handle(arrived(aRequest({ id: 'one' })));
    const [other] = scheduler.handle(arrived(aRequest({ id: 'two' })));
    scheduler.handle(failed('one'));
    const busy = other?.type === 'dispatch' ? other.decision.instanceId : '';
    scheduler.handle({ type: 'instance-health', instanceId: busy, isHealthy: false });
    clock.moveTo(scheduler.nextWakeMs());
    expect(inShort(scheduler.handle(passed))).toEqual(['one✗retries-exhausted']);
  });
});

describe('push-back', () => {
  it('lets the instance rest and sends the request elsewhere, nobody being at fault', () => {
    const { scheduler, clock } = aScheduler({ instances: [small('a')] });
    scheduler.handle(arrived(aRequest({ id: 'r' })));
    expect(scheduler.handle({ type: 'request-pushed-back', requestId: 'r', retryAfterMs: 400 })).toEqual([]);
    expect(scheduler.nextWakeMs()).toBe(400);
    clock.moveTo(400);
    const [effect] = scheduler.handle(passed);
    expect(effect).toMatchObject({
      request: { retries: 0, failedInstances: [] },
      decision: { instanceId: 'a', attempt: 2 },
    });
    expect(scheduler.fleet.get('a')).toMatchObject({ consecutiveFailures: 0, state: 'ready' });
  });

  it('goes to another instance at once where there is one', () => {
    const { scheduler } = aScheduler({ routing: 'round-robin', instances: [small('a'), small('b')] });
    scheduler.handle(arrived(aRequest({ id: 'r' })));
    const effects = scheduler.handle({ type: 'request-pushed-back', requestId: 'r', retryAfterMs: 400 });
    expect(inShort(effects)).toEqual(['r→b']);
  });
});

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

it('refuses a request whose id is in use', () => {
  const { scheduler } = aScheduler();
  scheduler.handle(arrived(aRequest({ id: 'r' })));
  expect(() => scheduler.handle(arrived(aRequest({ id: 'r' })))).toThrow('request r is here already');
});

describe('listeners', () => {
  function listening() {
    const heard: string[] = [];
    const listener: LifecycleListener = {
      onRequestDispatched: ({ id }, instance) => heard.push(`${id} dispatched to ${instance.id}`),
      onFirstToken: ({ id }, _, ttftMs) => heard.push(`${id} first token after ${ttftMs}`),
      onRequestCompleted: ({ id }, facts) => heard.push(`${id} ${JSON.stringify(facts)}`),
      onRequestFailed: ({ id }, instance, _, kind) =>
        heard.push(`${id} ${kind} on ${instance?.id ?? 'nobody'}`),
      onInstanceRegistered: ({ id }) => heard.push(`${id} registered`),
      onInstanceRemoved: (id) => heard.push(`${id} removed`),
    };
    return { heard, ...aScheduler({ listeners: [listener], instances: [small('a')] }) };
  }

  it('hear of a request from its dispatch to its completion, with its figures', () => {
    const { scheduler, clock, heard } = listening();
    scheduler.handle(arrived(aRequest({ id: 'r' })));
    clock.advance(40);
    scheduler.handle({ type: 'request-first-token', requestId: 'r' });
    scheduler.handle({ type: 'request-first-token', requestId: 'r' });
    clock.advance(100);
    scheduler.handle({ type: 'request-completed', requestId: 'r', usage: { outputTokens: 11 } });
    expect(heard.slice(1)).toEqual([
      'r dispatched to a',
      'r first token after 40',
      'r {"outputTokens":11,"latencyMs":140,"queueMs":0,"ttftMs":40,"tpotMs":10}',
    ]);
  });

  it('hear of failures wherever they happen, and of the fleet', () => {
    const { scheduler, clock, heard } = listening();
    scheduler.handle(arrived(aRequest({ id: 'runs' })));
    scheduler.handle(arrived(aRequest({ id: 'late', deadlineMs: 5 })));
    scheduler.handle(arrived(aRequest({ id: 'leaves' })));
    scheduler.handle(cancelled('leaves'));
    clock.advance(5);
    scheduler.handle(failed('runs', false));
    scheduler.handle({ type: 'instance-removed', instanceId: 'a' });
    expect(heard).toEqual([
      'a registered',
      'runs dispatched to a',
      'leaves cancelled on nobody',
      'late rejected on nobody',
      'runs failed on a',
      'a removed',
    ]);
  });

  it('hear whether what failed waits again, and of what never got in', () => {
    const { scheduler, heard } = listening();
    makeReady(scheduler, small('b'));
    for (const id of ['retried', 'pushed back']) scheduler.handle(arrived(aRequest({ id })));
    heard.length = 0;
    scheduler.handle(failed('retried', true));
    scheduler.handle({ type: 'request-pushed-back', requestId: 'pushed back', retryAfterMs: 10 });
    expect(heard.filter((line) => line.includes(' on '))).toEqual([
      'retried retried on a',
      'pushed back pushed-back on b',
    ]);
  });

  it('hear of a request that a full queue turned away', () => {
    const heard: string[] = [];
    const onRequestFailed: LifecycleListener['onRequestFailed'] = ({ id }, _, __, kind) => {
      heard.push(`${id} ${kind}`);
    };
    const settings = { admission: { maxRequests: 1, maxTokens: 100 } };
    const { scheduler } = aScheduler({ listeners: [{ onRequestFailed }], settings });
    for (const id of ['waits', 'too many']) scheduler.handle(arrived(aRequest({ id })));
    expect(heard).toEqual(['too many rejected']);
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
