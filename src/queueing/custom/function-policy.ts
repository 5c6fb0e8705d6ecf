/** Makes a scheduling policy of what an author wrote: asks it, checks its answers, and does without it when it fails. */

import type { LifecycleListener, RequestMetadata } from '../../domain/index.ts';
import { HeapOrder } from '../heap-order.ts';
import type { RequestOrder } from '../order.ts';
import type { SchedulingPolicy } from '../policy.ts';
import { plainFigures } from '../policy-figures.ts';
import { ReplaceableOrder } from '../replaceable-order.ts';
import { signalboxPolicy } from '../signalbox/policy.ts';
import { type CustomPolicy, formOf, type PolicyContext, type PolicyForm } from './custom-policy.ts';
import { FunctionOrder } from './function-order.ts';
import { type GuardOptions, PolicyGuard } from './guard.ts';
import { InstanceFigures } from './instance-figures.ts';
import { InstanceSnapshots } from './instance-snapshots.ts';

export interface FunctionPolicyOptions extends GuardOptions {
  /** Who orders once the policy is retired, for throwing again and again or for being slow. */
  readonly fallback?: SchedulingPolicy;
  /** What each call is told besides the time. */
  readonly context?: Omit<PolicyContext, 'nowMs'>;
}

/** @throws TypeError naming what `policy` lacks */
export function functionPolicy(policy: CustomPolicy, options: FunctionPolicyOptions = {}): FunctionPolicy {
  return new FunctionPolicy(policy, options);
}

type Hook = keyof LifecycleListener;
type News<Name extends Hook> = Parameters<NonNullable<LifecycleListener[Name]>>;

export class FunctionPolicy implements SchedulingPolicy, Required<LifecycleListener> {
  readonly name: string;
  readonly #policy: CustomPolicy;
  readonly #form: PolicyForm;
  readonly #guard: PolicyGuard;
  readonly #fallback: SchedulingPolicy;
  readonly #figures = new InstanceFigures();
  readonly #snapshots = new InstanceSnapshots(this.#figures);
  readonly #told: Omit<PolicyContext, 'nowMs'>;

  constructor(policy: CustomPolicy, options: FunctionPolicyOptions) {
    this.#form = formOf(policy);
    this.name = policy.name;
    this.#policy = policy;
    this.#guard = new PolicyGuard(policy.name, options);
    this.#fallback = options.fallback ?? signalboxPolicy();
    this.#told = options.context ?? {};
  }

  /** Whether the fallback orders now. */
  get isRetired(): boolean {
    return this.#guard.isRetired;
  }

  createOrder(): RequestOrder {
    const isRetired = (): boolean => this.#guard.isRetired;
    return new ReplaceableOrder({
      get revision() {
        return isRetired() ? 1 : 0;
      },
      createOrder: () => (isRetired() ? this.#fallback.createOrder() : this.#createOwnOrder()),
    });
  }

  getStats(): Readonly<Record<string, unknown>> {
    const told = this.#guard.tell(() => this.#policy.getStats?.());
    const own = this.#guard.tell(() => plainFigures(told));
    const fallback = this.#guard.isRetired && { fallback: this.#fallback.name };
    // First, so that an author's many figures do not crowd it out.
    const adapter = { form: this.#form, ...this.#guard.stats(), ...fallback };
    return Object.assign({ adapter }, own?.figures, { adapter });
  }

  onRequestDispatched(...news: News<'onRequestDispatched'>): void {
    this.#tell('onRequestDispatched', news);
  }

  onFirstToken(...news: News<'onFirstToken'>): void {
    this.#tell('onFirstToken', news);
  }

  onRequestCompleted(...news: News<'onRequestCompleted'>): void {
    this.#figures.onRequestCompleted(news[0], news[1], news[2]);
    this.#tell('onRequestCompleted', news);
  }

  onRequestFailed(...news: News<'onRequestFailed'>): void {
    this.#tell('onRequestFailed', news);
  }

  onInstanceRegistered(...news: News<'onInstanceRegistered'>): void {
    this.#tell('onInstanceRegistered', news);
  }

  onInstanceRemoved(...news: News<'onInstanceRemoved'>): void {
    this.#figures.onInstanceRemoved(news[0]);
    this.#tell('onInstanceRemoved', news);
  }

  onInstanceEjected(...news: News<'onInstanceEjected'>): void {
    this.#tell('onInstanceEjected', news);
  }

  onInstanceReported(...news: News<'onInstanceReported'>): void {
    this.#tell('onInstanceReported', news);
  }

  onSettled(): void {
    this.#tell('onSettled', []);
  }

  /** The fallback hears everything as well, or it would start knowing nothing of what runs. */
  #tell<Name extends Hook>(hook: Name, news: News<Name>): void {
    call(this.#fallback, hook, news);
    if (!this.#guard.isRetired && this.#policy[hook] !== undefined) {
      this.#guard.tell(() => call(this.#policy, hook, news));
    }
  }

  #createOwnOrder(): RequestOrder {
    const form = this.#form;
    if (form === 'orderKey') return new HeapOrder(({ request }) => this.#keyOf(request));
    return new FunctionOrder({
      policy: this.#policy,
      form,
      guard: this.#guard,
      snapshots: ({ instances, nowMs }) => this.#snapshots.of(instances, nowMs),
      context: (nowMs) => Object.freeze({ ...this.#told, nowMs }),
    });
  }

  /** The arrival where the policy's own key cannot be had. */
  #keyOf(request: RequestMetadata): number {
    const key = this.#guard.ask(() => this.#policy.orderKey!(request));
    if (key === undefined) return request.arrivalMs;
    if (typeof key === 'number' && !Number.isNaN(key)) return key;
    this.#guard.invalid(`its order key must be a number, found ${String(key)}`);
    return request.arrivalMs;
  }
}

/** Returns what the hook returns: nothing, or a promise where its author made it asynchronous. */
function call<Name extends Hook>(listener: LifecycleListener, hook: Name, news: News<Name>): unknown {
  return (listener[hook] as ((...news: News<Name>) => unknown) | undefined)?.apply(listener, news);
}
