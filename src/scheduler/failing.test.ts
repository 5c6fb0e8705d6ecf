import { describe, expect, it } from 'vitest';
import { anInstance, aRequest, aScheduler, inShort } from '../../test/builders.ts';
import { arrived, completed, failed, passed, small } from './__fixtures__/events.ts';
import { DEFAULT_SCHEDULER_SETTINGS } from './settings.ts';

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
