import { describe, expect, it } from 'vitest';
import { anInstance, aRequest, aScheduler, inShort } from '../../test/builders.ts';
import { arrived, cancelled, completed, failed, small } from './__fixtures__/events.ts';

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

it('refuses a request whose id is in use', () => {
  const { scheduler } = aScheduler();
  scheduler.handle(arrived(aRequest({ id: 'r' })));
  expect(() => scheduler.handle(arrived(aRequest({ id: 'r' })))).toThrow('request r is here already');
});
