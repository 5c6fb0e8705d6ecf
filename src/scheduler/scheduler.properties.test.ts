/** What must hold of the scheduler after any sequence of events. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anInstance, aScheduler } from '../../test/builders.ts';
import { createRequest, REQUEST_PRIORITIES } from '../domain/index.ts';
import { PRESET_NAMES } from '../routing/index.ts';
import type { SchedulerEffect, SchedulerEvent } from './events.ts';
import { DEFAULT_SCHEDULER_SETTINGS } from './settings.ts';

const MODELS = ['x', 'y'];
const INSTANCES = ['a', 'b', 'c'];

/** One step of a run; `who` picks among the requests in flight (or waiting) at that moment. */
const aStep = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('arrive' as const),
      model: fc.constantFrom(...MODELS),
      priority: fc.constantFrom(...REQUEST_PRIORITIES),
      promptTokens: fc.integer({ min: 1, max: 60 }),
      deadlineInMs: fc.option(fc.integer({ min: 0, max: 400 }), { nil: undefined }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'first-token' as const,
        'complete' as const,
        'cancel-running' as const,
        'cancel-waiting' as const,
      ),
      who: fc.nat(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      who: fc.nat(),
      mayRetry: fc.boolean(),
      isInstanceFault: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('push-back' as const), who: fc.nat(), pauseMs: fc.nat(200) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), forMs: fc.nat(300) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('instance' as const),
      id: fc.constantFrom(...INSTANCES),
      what: fc.constantFrom('add', 'remove', 'drain', 'undrain', 'healthy', 'unhealthy', 'report'),
      models: fc.subarray(MODELS, { minLength: 1 }),
      maxConcurrency: fc.integer({ min: 1, max: 3 }),
    }),
  },
);
type Step = typeof aStep extends fc.Arbitrary<infer T> ? T : never;

const aRun = fc.record({
  steps: fc.array(aStep, { minLength: 1, maxLength: 120 }),
  policy: fc.constantFrom('fifo', 'priority'),
  routing: fc.constantFrom(...PRESET_NAMES),
  seed: fc.integer(),
});
type Run = typeof aRun extends fc.Arbitrary<infer T> ? T : never;

interface Recorded {
  readonly log: string[];
  readonly endings: Map<string, string[]>;
  readonly dispatches: Map<string, string[]>;
}

/** Plays a run against a scheduler, checking after each event what can be checked then. */
function play(run: Run): Recorded {
  const { scheduler, clock } = aScheduler({
    ...run,
    settings: {
      admission: { maxRequests: 8, maxTokens: 300 },
      noInstanceWaitMs: 500,
      health: { ...DEFAULT_SCHEDULER_SETTINGS.health, baseEjectionMs: 100 },
    },
  });
  const running = new Set<string>();
  const waiting = new Set<string>();
  const recorded: Recorded = { log: [], endings: new Map(), dispatches: new Map() };
  let requestCount = 0;
  const end = (id: string, how: string): void => {
    expect(running.delete(id) || waiting.delete(id)).toBe(true);
    recorded.endings.get(id)!.push(how);
  };
  const take = (effects: readonly SchedulerEffect[]): void => {
    for (const effect of effects) {
      if (effect.type === 'reject') {
        recorded.log.push(`${effect.requestId}✗${effect.reason}@${effect.retryAfterMs}`);
        end(effect.requestId, 'rejected');
      } else {
        const { id } = effect.request;
        recorded.log.push(`${id}→${effect.decision.instanceId}`);
        expect(effect.request.failedInstances).not.toContain(effect.decision.instanceId);
        expect(waiting.delete(id)).toBe(true);
        expect(running.has(id)).toBe(false);
        running.add(id);
        recorded.dispatches.get(id)!.push(effect.decision.instanceId);
        const record = scheduler.fleet.get(effect.decision.instanceId)!;
        expect(record.state).toBe('ready');
        expect(record.inFlightRequests).toBeLessThanOrEqual(record.windowRequests);
      }
    }
  };
  const choose = (from: ReadonlySet<string>, who: number): string | undefined => [...from][who % from.size];

  const tell = (event: SchedulerEvent): void => take(scheduler.handle(event));
  const about = (requestId: string | undefined, act: (requestId: string) => void): void => {
    if (requestId !== undefined) act(requestId);
  };
  const doStep = (step: Step): void => {
    switch (step.do) {
      case 'arrive': {
        const id = `r${++requestCount}`;
        waiting.add(id);
        recorded.endings.set(id, []);
        recorded.dispatches.set(id, []);
        const { model, priority, promptTokens, deadlineInMs } = step;
        const deadline = deadlineInMs === undefined ? {} : { deadlineMs: clock.now() + deadlineInMs };
        const request = createRequest({
          id,
          model,
          priority,
          promptTokens,
          arrivalMs: clock.now(),
          ...deadline,
        });
        return tell({ type: 'request-arrived', request });
      }
      case 'first-token':
        return about(choose(running, step.who), (requestId) =>
          tell({ type: 'request-first-token', requestId }),
        );
      case 'complete':
        return about(choose(running, step.who), (requestId) => {
          end(requestId, 'completed');
          tell({ type: 'request-completed', requestId });
        });
      case 'cancel-running':
      case 'cancel-waiting':
        return about(choose(step.do === 'cancel-running' ? running : waiting, step.who), (requestId) => {
          // Its deadline may be due; the time that passed comes before the cancellation.
          take(scheduler.handle({ type: 'time-passed' }));
          if (!running.has(requestId) && !waiting.has(requestId)) return;
          end(requestId, 'cancelled');
          tell({ type: 'request-cancelled', requestId });
        });
      case 'fail':
        return about(choose(running, step.who), (requestId) => {
          const { mayRetry, isInstanceFault } = step;
          if (mayRetry) {
            running.delete(requestId);
            waiting.add(requestId);
          } else {
            end(requestId, 'failed');
          }
          tell({ type: 'request-failed', requestId, mayRetry, isInstanceFault });
        });
      case 'push-back':
        return about(choose(running, step.who), (requestId) => {
          running.delete(requestId);
          waiting.add(requestId);
          tell({ type: 'request-pushed-back', requestId, retryAfterMs: step.pauseMs });
        });
      case 'wait':
        clock.advance(step.forMs);
        return tell({ type: 'time-passed' });
      case 'instance':
        return tell(fleetEvent(step, clock.now()));
      default:
        return step satisfies never;
    }
  };
  const check = (): void => {
    expect(scheduler.queue.size).toBe(waiting.size);
    expect(scheduler.inFlight.count).toBe(running.size);
    const total = [...scheduler.fleet.records()].reduce((sum, record) => sum + record.inFlightRequests, 0);
    expect(total).toBe(running.size);
    for (const model of MODELS) {
      const someRoom = scheduler.fleet.serving(model).some((record) => record.hasRoom(clock.now()));
      expect(scheduler.fleet.hasRoom(model)).toBe(someRoom);
      const { views, isFull } = scheduler.fleet.windows(model);
      expect(views).toBe(scheduler.fleet.serving(model));
      expect([...isFull]).toEqual(
        views.map(({ inFlightRequests, windowRequests }) => (inFlightRequests >= windowRequests ? 1 : 0)),
      );
    }
    expect(scheduler.nextWakeMs()).toBeGreaterThan(clock.now());
  };
  for (const step of run.steps) {
    doStep(step);
    check();
  }
  drainToTheEnd();
  return recorded;

  function drainToTheEnd(): void {
    for (let round = 0; waiting.size + running.size > 0; round++) {
      expect(round).toBeLessThan(1_000);
      for (const requestId of [...running]) {
        end(requestId, 'completed');
        tell({ type: 'request-completed', requestId });
      }
      const wakeMs = scheduler.nextWakeMs();
      if (waiting.size > 0 && running.size === 0) {
        expect(wakeMs).toBeLessThan(Number.POSITIVE_INFINITY);
        clock.moveTo(wakeMs);
        tell({ type: 'time-passed' });
      }
    }
  }
}

function fleetEvent(step: Extract<Step, { do: 'instance' }>, nowMs: number): SchedulerEvent {
  const { id: instanceId, models, maxConcurrency } = step;
  switch (step.what) {
    case 'add':
      return {
        type: 'instance-added',
        instance: anInstance(instanceId, { models, maxConcurrency, maxPrefillTokens: 80 }),
      };
    case 'remove':
      return { type: 'instance-removed', instanceId };
    case 'report':
      return {
        type: 'instance-reported',
        report: { instanceId, atMs: nowMs, runningRequests: maxConcurrency },
      };
    case 'drain':
    case 'undrain':
      return { type: 'instance-draining', instanceId, isDraining: step.what === 'drain' };
    default:
      return { type: 'instance-health', instanceId, isHealthy: step.what === 'healthy' };
  }
}

describe('after any sequence of events', () => {
  it('every request ends exactly once, none is lost or runs twice at a time, and no window is exceeded', () => {
    fc.assert(
      fc.property(aRun, (run) => {
        const { endings, dispatches } = play(run);
        for (const [id, ends] of endings) {
          expect(ends, `the endings of ${id}`).toHaveLength(1);
          if (ends[0] === 'completed') expect(dispatches.get(id)).not.toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('the same events with the same seed give the same decisions', () => {
    fc.assert(
      fc.property(aRun, (run) => {
        expect(play(run).log).toEqual(play(run).log);
      }),
      { numRuns: 60 },
    );
  });
});

describe('order', () => {
  it('requests of one class leave in the order of their arrival', () => {
    const someone = fc.record({ priority: fc.constantFrom(...REQUEST_PRIORITIES), gapMs: fc.nat(20_000) });
    fc.assert(
      fc.property(
        fc.array(someone, { maxLength: 60 }),
        fc.constantFrom('fifo', 'priority'),
        (people, policy) => {
          const { scheduler, clock } = aScheduler({
            policy,
            instances: [anInstance('a', { maxConcurrency: 1 })],
          });
          const left: { id: string; priority: string }[] = [];
          const take = (effects: readonly SchedulerEffect[]): void => {
            for (const effect of effects) if (effect.type === 'dispatch') left.push(effect.request);
          };
          people.forEach(({ priority, gapMs }, i) => {
            clock.advance(gapMs);
            const request = createRequest({ id: String(i), model: 'm', priority, arrivalMs: clock.now() });
            take(scheduler.handle({ type: 'request-arrived', request }));
          });
          for (let i = 0; i < left.length; i++) {
            take(scheduler.handle({ type: 'request-completed', requestId: left[i]!.id }));
          }
          expect(left).toHaveLength(people.length);
          for (const priority of REQUEST_PRIORITIES) {
            const numbers = left
              .filter((request) => request.priority === priority)
              .map(({ id }) => Number(id));
            expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
          }
        },
      ),
    );
  });
});
