/** A policy that stands for another, which can be exchanged while requests wait and run. */

import type { ExecutionInstance, LifecycleListener } from '../domain/index.ts';
import type { RequestOrder } from './order.ts';
import type { SchedulingPolicy } from './policy.ts';
import { ReplaceableOrder } from './replaceable-order.ts';

type News<Name extends keyof LifecycleListener> = Parameters<NonNullable<LifecycleListener[Name]>>;

export class SwappablePolicy implements SchedulingPolicy, Required<LifecycleListener> {
  #current: SchedulingPolicy;
  #revision = 0;
  readonly #instances = new Map<string, ExecutionInstance>();

  constructor(first: SchedulingPolicy) {
    this.#current = first;
  }

  get name(): string {
    return this.#current.name;
  }

  get current(): SchedulingPolicy {
    return this.#current;
  }

  /** Whoever waits is ordered anew at the next decision; the new policy is told of the instances there are. */
  swap(next: SchedulingPolicy): void {
    this.#current = next;
    this.#revision++;
    for (const instance of this.#instances.values()) next.onInstanceRegistered?.(instance);
  }

  createOrder(): RequestOrder {
    const revision = (): number => this.#revision;
    return new ReplaceableOrder({
      get revision() {
        return revision();
      },
      createOrder: () => this.#current.createOrder(),
    });
  }

  getStats(): Readonly<Record<string, unknown>> {
    return this.#current.getStats?.() ?? {};
  }

  onRequestDispatched(...news: News<'onRequestDispatched'>): void {
    this.#current.onRequestDispatched?.(...news);
  }

  onFirstToken(...news: News<'onFirstToken'>): void {
    this.#current.onFirstToken?.(...news);
  }

  onRequestCompleted(...news: News<'onRequestCompleted'>): void {
    this.#current.onRequestCompleted?.(...news);
  }

  onRequestFailed(...news: News<'onRequestFailed'>): void {
    this.#current.onRequestFailed?.(...news);
  }

  onInstanceRegistered(...news: News<'onInstanceRegistered'>): void {
    this.#instances.set(news[0].id, news[0]);
    this.#current.onInstanceRegistered?.(...news);
  }

  onInstanceRemoved(...news: News<'onInstanceRemoved'>): void {
    this.#instances.delete(news[0]);
    this.#current.onInstanceRemoved?.(...news);
  }

  onInstanceEjected(...news: News<'onInstanceEjected'>): void {
    this.#current.onInstanceEjected?.(...news);
  }

  onInstanceReported(...news: News<'onInstanceReported'>): void {
    this.#current.onInstanceReported?.(...news);
  }

  onSettled(): void {
    this.#current.onSettled?.();
  }
}
