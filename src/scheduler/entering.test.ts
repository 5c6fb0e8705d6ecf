import { describe, expect, it } from 'vitest';
import { anInstance, aRequest, aScheduler, inShort, makeReady } from '../../test/builders.ts';
import { arrived, completed, passed, small } from './__fixtures__/events.ts';

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
