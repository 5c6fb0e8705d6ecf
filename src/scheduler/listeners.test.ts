import { describe, expect, it } from 'vitest';
import { aRequest, aScheduler, makeReady } from '../../test/builders.ts';
import type { LifecycleListener } from '../domain/index.ts';
import { arrived, cancelled, failed, small } from './__fixtures__/events.ts';

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
