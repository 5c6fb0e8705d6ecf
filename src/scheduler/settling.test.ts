import { describe, expect, it } from 'vitest';
import { anInstance, aRequest, aScheduler } from '../../test/builders.ts';
import { type LifecycleListener, ManualClock, seededRandom } from '../domain/index.ts';
import { createPolicy } from '../queueing/index.ts';
import { findPreset, RoutingProfile } from '../routing/index.ts';
import { LiveScheduler } from './live.ts';
import { DEFAULT_SCHEDULER_SETTINGS } from './settings.ts';

function listening(log: string[]): LifecycleListener {
  return {
    onRequestDispatched: ({ id }) => log.push(`${id} goes`),
    onRequestCompleted: ({ id }) => log.push(`${id} ends`),
    onSettled: () => log.push('settled'),
  };
}

describe('what listeners put off', () => {
  it('is done once the decisions of an event are delivered', () => {
    const log: string[] = [];
    const clock = new ManualClock(0);
    const live = new LiveScheduler({
      clock,
      timers: { setTimeout: () => 0, clearTimeout: () => {} },
      random: seededRandom(1),
      policy: createPolicy({ name: 'fifo' }),
      profile: new RoutingProfile(findPreset('least-loaded')),
      settings: DEFAULT_SCHEDULER_SETTINGS,
      listeners: [listening(log)],
    });
    live.tellFleet({ type: 'instance-added', instance: anInstance('a') });
    live.tellFleet({ type: 'instance-health', instanceId: 'a', isHealthy: true });
    log.length = 0;
    const handlers = { onDispatch: () => log.push('delivered'), onReject: () => {} };
    live.submit(aRequest({ id: 'r' }), handlers).complete();
    expect(log).toEqual(['r goes', 'delivered', 'settled', 'r ends', 'settled']);
  });

  it('is done before the next event where nobody said that they were delivered, and only once', () => {
    const log: string[] = [];
    const { scheduler } = aScheduler({ instances: [anInstance('a')], listeners: [listening(log)] });
    scheduler.settle();
    log.length = 0;
    scheduler.handle({ type: 'request-arrived', request: aRequest({ id: 'r' }) });
    expect(log).toEqual(['r goes']);
    scheduler.handle({ type: 'request-completed', requestId: 'r' });
    expect(log).toEqual(['r goes', 'settled', 'r ends']);
    scheduler.settle();
    scheduler.settle();
    expect(log).toEqual(['r goes', 'settled', 'r ends', 'settled']);
  });
});
