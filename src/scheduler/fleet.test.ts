import { describe, expect, it } from 'vitest';
import { anInstance, aRequest, aScheduler, makeReady } from '../../test/builders.ts';
import type { InstanceReport } from '../domain/index.ts';

describe('slots of a fleet', () => {
  it('are small and each instance has its own', () => {
    const { scheduler } = aScheduler({ instances: ['a', 'b', 'c'].map((id) => anInstance(id)) });
    expect([...scheduler.fleet.records()].map(({ slot }) => slot)).toEqual([0, 1, 2]);
  });

  it('stay when an instance has new facts, and are free again when it is gone', () => {
    const { scheduler } = aScheduler({ instances: ['a', 'b'].map((id) => anInstance(id)) });
    makeReady(scheduler, anInstance('b', { weight: 2 }));
    scheduler.handle({ type: 'instance-removed', instanceId: 'a' });
    makeReady(scheduler, anInstance('c'));
    makeReady(scheduler, anInstance('d'));
    const slots = [...scheduler.fleet.records()].map(({ instance, slot }) => [instance.id, slot]);
    expect(Object.fromEntries(slots)).toEqual({ b: 1, c: 0, d: 2 });
  });
});

describe('listeners hear of the fleet', () => {
  const news: string[] = [];
  const listener = {
    onInstanceEjected: (id: string) => void news.push(`ejected ${id}`),
    onInstanceReported: ({ kvCacheTokens }: InstanceReport) => void news.push(`reported ${kvCacheTokens}`),
  };
  const heard = (): string[] => news.splice(0);

  it('when an instance is ejected by its health check, once each time', () => {
    const { scheduler } = aScheduler({ instances: [anInstance('a')], listeners: [listener] });
    const health = (isHealthy: boolean) =>
      scheduler.handle({ type: 'instance-health', instanceId: 'a', isHealthy });
    health(false);
    health(false);
    expect(heard()).toEqual(['ejected a']);
    health(true);
    health(false);
    expect(heard()).toEqual(['ejected a']);
  });

  it('when one is ejected by its failures', () => {
    const { scheduler } = aScheduler({
      instances: [anInstance('a')],
      listeners: [listener],
      settings: { health: { consecutiveFailures: 1, baseEjectionMs: 100, maxEjectionMs: 100 } },
    });
    scheduler.handle({ type: 'request-arrived', request: aRequest({ id: 'r' }) });
    scheduler.handle({ type: 'request-failed', requestId: 'r', mayRetry: false, isInstanceFault: true });
    expect(heard()).toEqual(['ejected a']);
  });

  it('when one reports', () => {
    const { scheduler } = aScheduler({ instances: [anInstance('a')], listeners: [listener] });
    scheduler.handle({
      type: 'instance-reported',
      report: { instanceId: 'a', atMs: 1, kvCacheTokens: 4_096 },
    });
    expect(heard()).toEqual(['reported 4096']);
  });
});
