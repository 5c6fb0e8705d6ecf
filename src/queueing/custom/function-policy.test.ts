import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anInstance, aRequest, aScheduler, aView, inShort } from '../../../test/builders.ts';
import type { RequestMetadata } from '../../domain/index.ts';
import { Line } from '../__fixtures__/line.ts';
import { fifoPolicy } from '../fifo.ts';
import type { CustomPolicy } from './custom-policy.ts';
import { type FunctionPolicyOptions, functionPolicy } from './function-policy.ts';
import type { PolicyProblem } from './guard.ts';

type Parts = Partial<CustomPolicy>;

function aLine(parts: Parts, options: FunctionPolicyOptions = {}) {
  const problems: PolicyProblem[] = [];
  const onProblem = (problem: PolicyProblem) => problems.push(problem);
  const policy = functionPolicy({ name: 'mine', ...parts }, { onProblem, ...options });
  return { line: new Line(policy), policy, problems };
}
const adapterOf = (line: Line) => line.policy.getStats?.().adapter;
const views = [aView('a'), aView('b')];

describe('a policy that is a function', () => {
  it('goes by its order key', () => {
    const { line } = aLine({ orderKey: ({ promptTokens }) => promptTokens });
    line.join({ id: 'long', promptTokens: 9 }, { id: 'short', promptTokens: 1 });
    expect(line.order()).toEqual(['short', 'long']);
  });

  it('goes by prioritize', () => {
    const { line } = aLine({ prioritize: (requests) => requests.toReversed() });
    line.join({ id: 'a' }, { id: 'b' }, { id: 'c' });
    expect(line.order()).toEqual(['c', 'b', 'a']);
  });

  it('goes by schedule, to the instance that it names and for the reason that it gives', () => {
    const { line } = aLine({
      schedule: (requests, instances) =>
        requests.map(({ id }, i) => ({
          requestId: id,
          instanceId: instances[i % 2]!.id,
          reason: `turn ${i}`,
        })),
    });
    line.join({ id: 'first' }, { id: 'second' });
    const served = [1, 2].map(() => line.serve(undefined, 'm', views)!);
    expect(served.map(({ request, instanceId, reason }) => [request.id, instanceId, reason])).toEqual([
      ['first', 'a', 'turn 0'],
      ['second', 'b', 'turn 1'],
    ]);
  });

  it('goes by nextRequest: a request, a decision, or nobody', () => {
    let answer: 'request' | 'decision' | 'nobody' = 'nobody';
    const { line } = aLine({
      nextRequest: (pending) => {
        if (answer === 'nobody') return null;
        return answer === 'request' ? pending[1] : { requestId: pending[0]!.id, instanceId: 'b' };
      },
    });
    line.join({ id: 'first' }, { id: 'second' });
    expect(line.next(views)).toBeUndefined();
    line.nowMs++;
    answer = 'request';
    expect(line.next(views)).toMatchObject({ waiting: { request: { id: 'second' } } });
    line.nowMs++;
    answer = 'decision';
    expect(line.next(views)).toMatchObject({ waiting: { request: { id: 'first' } }, instanceId: 'b' });
  });

  it('is handed only instances that have room when it says who is next, and all of the lane when it schedules', () => {
    const full = [...views, aView('full', { inFlightRequests: 256 }), aView('out', { state: 'ejected' })];
    const seen: string[][] = [];
    const asked = aLine({ nextRequest: (_, instances) => void seen.push(instances.map(({ id }) => id)) });
    asked.line.join({});
    asked.line.next(full);
    const scheduled = aLine({
      schedule: (_, instances) => {
        seen.push(instances.map(({ id, canAcceptRequest }) => `${id} ${canAcceptRequest}`));
        return [];
      },
    });
    scheduled.line.join({});
    scheduled.line.next(full);
    expect(seen).toEqual([
      ['a', 'b'],
      ['a true', 'b true', 'full false', 'out false'],
    ]);
  });

  it('is handed requests in the order of joining, also after one was looked past', () => {
    const seen: string[][] = [];
    const { line } = aLine({
      nextRequest: (pending) => {
        seen.push(pending.map(({ id }) => id));
        return pending[0];
      },
    });
    line.join({ id: 'a' }, { id: 'b' }, { id: 'c' });
    const { order } = line.queue.lane('m');
    const { waiting } = order.next({ nowMs: 0, instances: views })!;
    order.remove(waiting);
    order.next({ nowMs: 0, instances: views });
    order.add(waiting);
    order.next({ nowMs: 0, instances: views });
    expect(seen).toEqual([
      ['a', 'b', 'c'],
      ['b', 'c'],
      ['a', 'b', 'c'],
    ]);
  });

  it('cannot change what it is handed', () => {
    const attempts: (() => void)[] = [];
    const { line } = aLine({
      schedule: (requests, instances, context) => {
        attempts.push(
          () => (requests as unknown[]).pop(),
          () => (instances as unknown[]).pop(),
          () => Object.assign(requests[0]!, { priority: 'LOW' }),
          () => Object.assign(instances[0]!, { currentLoad: 0 }),
          () => Object.assign(context, { nowMs: 0 }),
        );
        return [];
      },
    });
    line.join({});
    line.next(views);
    expect(attempts).toHaveLength(5);
    for (const attempt of attempts) expect(attempt).toThrow(TypeError);
  });

  it('is told the time, and whatever else it was given', () => {
    const told: unknown[] = [];
    const { line } = aLine({
      prioritize: (requests, context) => {
        told.push(context);
        return requests;
      },
    });
    line.nowMs = 77;
    line.join({});
    line.next(views);
    expect(told).toEqual([{ nowMs: 77 }]);
  });

  it.each([
    ['a name', { prioritize: () => [] }, 'name must be a text, found undefined'],
    [
      'a function',
      { name: 'empty' },
      '"empty" must have one of the functions orderKey, nextRequest, schedule, prioritize',
    ],
  ])('must have %s', (_, policy, message) => {
    expect(() => functionPolicy(policy as CustomPolicy)).toThrow(message);
  });
});

describe('a plan of several decisions', () => {
  it('is worked off without asking again', () => {
    let calls = 0;
    const prioritize = (requests: readonly RequestMetadata[]) => {
      calls++;
      return requests;
    };
    const { line } = aLine({ prioritize });
    line.join({}, {}, {});
    line.order(3, views);
    expect(calls).toBe(1);
  });

  it.each(['somebody joins', 'time passes'])('is forgotten when %s', (what) => {
    let calls = 0;
    const prioritize = (requests: readonly RequestMetadata[]) => {
      calls++;
      return requests;
    };
    const { line } = aLine({ prioritize });
    line.join({}, {}, {});
    line.order(1, views);
    if (what === 'somebody joins') line.join({ id: 'new' });
    else line.nowMs++;
    line.order(1, views);
    expect(calls).toBe(2);
  });

  it('passes over whoever left meanwhile', () => {
    const { line } = aLine({ prioritize: (requests) => requests });
    line.join({ id: 'a' }, { id: 'b' }, { id: 'c' });
    line.order(1, views);
    line.queue.remove(line.queue.get('b')!);
    expect(line.order(2, views)).toEqual(['c']);
  });

  it('books each instance between the decisions: the next call sees what runs by then', () => {
    const loads: number[][] = [];
    const policy = functionPolicy({
      name: 'one at a time',
      schedule: (requests, instances) => {
        loads.push(instances.map(({ currentLoad }) => currentLoad));
        const target = instances.reduce((best, one) => (one.currentLoad < best.currentLoad ? one : best));
        return [{ requestId: requests[0]!.id, instanceId: target.id }];
      },
    });
    const { scheduler } = aScheduler();
    scheduler.reconfigure({ policy });
    for (let i = 0; i < 3; i++)
      scheduler.handle({ type: 'request-arrived', request: aRequest({ id: `r${i}` }) });
    scheduler.handle({ type: 'instance-added', instance: anInstance('a') });
    scheduler.handle({ type: 'instance-health', instanceId: 'a', isHealthy: true });
    expect(loads).toEqual([[0], [1], [2]]);
    expect(scheduler.queue.size).toBe(0);
  });

  it('gives way to routing where the named instance cannot take the request', () => {
    const policy = functionPolicy({
      name: 'all to a',
      schedule: (requests) => requests.map(({ id }) => ({ requestId: id, instanceId: 'a' })),
    });
    const { scheduler } = aScheduler({
      instances: ['a', 'b'].map((id) => anInstance(id, { maxConcurrency: 1 })),
    });
    scheduler.reconfigure({ policy });
    const effects = ['r0', 'r1', 'r2'].flatMap((id) =>
      scheduler.handle({ type: 'request-arrived', request: aRequest({ id }) }),
    );
    expect(inShort(effects)).toEqual(['r0→a', 'r1→b']);
  });
});

describe('answers that make no sense', () => {
  it('are passed over and counted', () => {
    const { line, problems } = aLine({
      schedule: ([first, second]) => [
        { requestId: 'nobody' },
        { requestId: first!.id, instanceId: 'nowhere' },
        { requestId: second!.id },
        { requestId: second!.id },
        null as never,
        7 as never,
      ],
    });
    line.join({ id: 'first' }, { id: 'second' });
    expect(line.next(views)?.waiting.request.id).toBe('second');
    expect(adapterOf(line)).toMatchObject({ invalid: 5, threw: 0, isRetired: false });
    expect(problems).toMatchObject([
      { kind: 'invalid', message: 'it named the request "nobody", which does not wait', isRetired: false },
    ]);
  });

  it.each([
    ['a request that does not wait', () => ({ requestId: 'gone' }), 'it named the request "gone"'],
    ['a text', () => 'first', 'nextRequest must return a request, a decision or nothing, found string'],
  ])('hold nobody up: whoever came first goes where all there is is %s', (_, nextRequest, message) => {
    const { line, problems } = aLine({ nextRequest: nextRequest as never });
    line.join({ id: 'first' }, { id: 'second' });
    expect(line.next(views)?.waiting.request.id).toBe('first');
    expect(problems[0]?.message).toContain(message);
  });

  it('may be an order key that is no number: the arrival stands in for it', () => {
    const { line, problems } = aLine({ orderKey: ({ id }) => (id === 'bad' ? Number.NaN : 5) });
    line.join({ id: 'bad', arrivalMs: 9 }, { id: 'good', arrivalMs: 20 });
    expect(line.order()).toEqual(['good', 'bad']);
    expect(problems[0]?.message).toBe('its order key must be a number, found NaN');
  });

  it('may be anything at all: nobody is lost, and everybody goes at most once', () => {
    const answer = fc.oneof(
      fc.record({
        requestId: fc.constantFrom('r0', 'r1', 'r2', 'x'),
        instanceId: fc.constantFrom('a', 'z', undefined),
      }),
      fc.anything(),
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.array(answer), fc.anything())), (answers) => {
        let at = 0;
        const { line } = aLine(
          { schedule: () => answers[at++ % Math.max(1, answers.length)] as never },
          { fallback: fifoPolicy() },
        );
        line.join({ id: 'r0' }, { id: 'r1' }, { id: 'r2' });
        const went: string[] = [];
        for (let i = 0; i < answers.length + 3; i++) {
          line.nowMs++;
          const served = line.serve(undefined, 'm', views);
          if (served !== undefined) went.push(served.request.id);
        }
        expect(new Set(went).size).toBe(went.length);
        expect(went.length + line.queue.size).toBe(3);
      }),
    );
  });
});

describe('a policy that lets nobody go', () => {
  /** As the guide's policies may: nobody goes before it has waited 250 ms, perhaps so that a batch comes together. */
  const patient: CustomPolicy = {
    name: 'patient',
    nextRequest: (pending, _instances, { nowMs }) =>
      pending.find(({ arrivalMs }) => nowMs - arrivalMs >= 250),
  };

  function waiting(instance = anInstance('a')) {
    const { scheduler, clock } = aScheduler({ instances: [instance] });
    scheduler.reconfigure({ policy: functionPolicy(patient) });
    scheduler.handle({ type: 'request-arrived', request: aRequest({ id: 'r', arrivalMs: clock.now() }) });
    const wake = () => {
      clock.advance(scheduler.nextWakeMs() - clock.now());
      return inShort(scheduler.handle({ type: 'time-passed' }));
    };
    return { scheduler, clock, wake };
  }

  it('is asked again every 100 ms, though nothing happens', () => {
    const { scheduler, wake } = waiting();
    expect([wake(), wake(), wake()]).toEqual([[], [], ['r→a']]);
    expect(scheduler.nextWakeMs()).toBe(Number.POSITIVE_INFINITY);
  });

  it('is left in peace once nobody waits any more', () => {
    const { scheduler, wake } = waiting();
    scheduler.handle({ type: 'request-cancelled', requestId: 'r' });
    wake();
    expect(scheduler.nextWakeMs()).toBe(Number.POSITIVE_INFINITY);
  });

  it('is not asked while no instance has room', () => {
    const { scheduler, wake } = waiting(anInstance('a', { maxConcurrency: 1 }));
    expect([wake(), wake(), wake()]).toEqual([[], [], ['r→a']]);
    scheduler.handle({ type: 'request-arrived', request: aRequest({ id: 's' }) });
    expect(scheduler.nextWakeMs()).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('what a policy hears', () => {
  it('is every hook of the life of a request and of the fleet, with the frozen facts', () => {
    const heard: string[] = [];
    const policy = functionPolicy({
      name: 'listening',
      orderKey: ({ arrivalMs }) => arrivalMs,
      onRequestDispatched: ({ id }, instance) => void heard.push(`${id} to ${instance.id}`),
      onFirstToken: ({ id }, _, ttftMs) => void heard.push(`${id} first token after ${ttftMs}`),
      onRequestCompleted: ({ id }, { latencyMs }) => void heard.push(`${id} took ${latencyMs}`),
      onRequestFailed: ({ id }, _instance, _nowMs, kind) => void heard.push(`${id} ${kind}`),
      onInstanceRegistered: ({ id }) => void heard.push(`+${id}`),
      onInstanceEjected: (id) => void heard.push(`!${id}`),
      onInstanceReported: ({ instanceId }) => void heard.push(`?${instanceId}`),
      onInstanceRemoved: (id) => void heard.push(`-${id}`),
    });
    const { scheduler, clock } = aScheduler();
    scheduler.reconfigure({ policy });
    scheduler.handle({ type: 'instance-added', instance: anInstance('a') });
    scheduler.handle({ type: 'instance-health', instanceId: 'a', isHealthy: true });
    scheduler.handle({ type: 'request-arrived', request: aRequest({ id: 'r' }) });
    scheduler.handle({ type: 'request-arrived', request: aRequest({ id: 's' }) });
    clock.advance(5);
    scheduler.handle({ type: 'request-first-token', requestId: 'r' });
    scheduler.handle({ type: 'request-completed', requestId: 'r' });
    scheduler.handle({ type: 'request-cancelled', requestId: 's' });
    scheduler.handle({ type: 'instance-reported', report: { instanceId: 'a', atMs: 5 } });
    scheduler.handle({ type: 'instance-health', instanceId: 'a', isHealthy: false });
    scheduler.handle({ type: 'instance-removed', instanceId: 'a' });
    expect(heard).toEqual([
      '+a',
      'r to a',
      's to a',
      'r first token after 5',
      'r took 5',
      's cancelled',
      '?a',
      '!a',
      '-a',
    ]);
  });
});
