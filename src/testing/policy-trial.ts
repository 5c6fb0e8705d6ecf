/** A policy at work in a real scheduler, in virtual time: requests arrive, run for a while and end. */

import {
  createInstance,
  createRequest,
  type ExecutionInstance,
  ManualClock,
  type RequestMetadata,
  seededRandom,
} from '../domain/index.ts';
import {
  type CustomPolicy,
  functionPolicy,
  type PolicyProblem,
  type SchedulingPolicy,
} from '../queueing/index.ts';
import { findPreset, RoutingProfile } from '../routing/index.ts';
import {
  DEFAULT_SCHEDULER_SETTINGS,
  type Dispatch,
  Scheduler,
  type SchedulerEffect,
  type SchedulerEvent,
} from '../scheduler/index.ts';

/** Either form: what `functionPolicy` takes, or a policy with orders of its own. */
export type AnyPolicy = CustomPolicy | SchedulingPolicy;

export interface TrialOptions {
  readonly instances?: readonly ExecutionInstance[];
  readonly seed?: number;
}

export class PolicyTrial {
  readonly clock = new ManualClock(1_000_000);
  readonly scheduler: Scheduler;
  readonly policy: SchedulingPolicy;
  /** All dispatches so far, in order. */
  readonly dispatches: Dispatch[] = [];
  /** What the policy did wrong. */
  readonly problems: PolicyProblem[] = [];
  readonly #running = new Map<string, Dispatch>();
  #arrived = 0;

  constructor(policy: AnyPolicy, { instances = DEFAULT_INSTANCES, seed = 1 }: TrialOptions = {}) {
    this.policy =
      'createOrder' in policy
        ? policy
        : functionPolicy(policy, { onProblem: (problem) => this.problems.push(problem) });
    this.scheduler = new Scheduler({
      clock: this.clock,
      random: seededRandom(seed),
      policy: this.policy,
      profile: new RoutingProfile(findPreset('least-loaded')),
      settings: DEFAULT_SCHEDULER_SETTINGS,
    });
    for (const instance of instances) {
      this.handle({ type: 'instance-added', instance });
      this.handle({ type: 'instance-health', instanceId: instance.id, isHealthy: true });
    }
  }

  /** Ids of the requests that run now, in the order of their dispatch. */
  get running(): readonly string[] {
    return [...this.#running.keys()];
  }

  get waiting(): number {
    return this.scheduler.queue.size;
  }

  handle(event: SchedulerEvent): readonly SchedulerEffect[] {
    const effects = this.scheduler.handle(event);
    for (const effect of effects) {
      if (effect.type !== 'dispatch') continue;
      this.dispatches.push(effect);
      this.#running.set(effect.request.id, effect);
    }
    return effects;
  }

  /** A request of the moment; ids count from `r0`. */
  arrive(fields: Partial<RequestMetadata> = {}): RequestMetadata {
    const request = createRequest({
      id: `r${this.#arrived++}`,
      model: 'model-a',
      arrivalMs: this.clock.now(),
      ...fields,
    });
    this.handle({ type: 'request-arrived', request });
    return request;
  }

  /** The request that runs for the longest, or the named one, ends. */
  complete(requestId = this.running[0], outputTokens = 32): void {
    if (requestId === undefined || !this.#running.delete(requestId)) return;
    this.handle({ type: 'request-first-token', requestId });
    this.handle({ type: 'request-completed', requestId, usage: { outputTokens } });
  }

  /** Its instance fails it; it may be tried elsewhere. */
  fail(requestId = this.running[0]): void {
    if (requestId === undefined || !this.#running.delete(requestId)) return;
    this.handle({ type: 'request-failed', requestId, mayRetry: true, isInstanceFault: false });
  }

  /** Time passes, and requests end one after the other, until nothing runs and nothing waits or nothing moves any more. */
  finish(stepMs = 10): void {
    while (this.#running.size > 0) {
      this.clock.advance(stepMs);
      this.complete();
    }
  }

  /** Ids in the order of dispatch, with where each went: `r0→a`. */
  history(): string[] {
    return this.dispatches.map(({ request, decision }) => `${request.id}→${decision.instanceId}`);
  }
}

/** Two models, three instances, two machines. */
const DEFAULT_INSTANCES: readonly ExecutionInstance[] = [
  instance('a1', 'model-a', { machine: 'left' }, 1),
  instance('a2', 'model-a', { machine: 'right', nvlink_peers: 'b1' }, 2),
  instance('b1', 'model-b', { machine: 'right', nvlink_peers: 'a2' }, 4),
];

function instance(id: string, model: string, labels: Record<string, string>, usdPerHour: number) {
  const url = `http://${id}.test:8000`;
  return createInstance({ id, url, models: [model], labels, usdPerHour, maxConcurrency: 4 });
}
