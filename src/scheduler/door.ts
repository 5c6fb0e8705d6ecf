/** What the doors see of the scheduler: tickets for their requests, and news of the fleet. */

import type { ExecutionInstance, FleetEvent, RequestMetadata, SchedulingDecision } from '../domain/index.ts';
import type { Rejection, TokenUsage } from './events.ts';

/** What the door that submitted a request is told. Exactly one of the two is called for each time the request waits. */
export interface TicketHandlers {
  /** The request may go to `instance` now. After a retry or push-back it is called again. */
  onDispatch(decision: SchedulingDecision, instance: ExecutionInstance, request: RequestMetadata): void;
  /** The request is over: it was turned away. */
  onReject(rejection: Rejection): void;
}

/** One submitted request, as the door sees it. Each call after the request's end does nothing. */
export interface Ticket {
  readonly requestId: string;
  /** 1 for the next one to go; `undefined` when it does not wait. */
  position(): number | undefined;
  firstToken(): void;
  complete(usage?: TokenUsage): void;
  /** The instance failed it. With `mayRetry` it waits again, and `onDispatch` or `onReject` follows. */
  fail(how: { readonly mayRetry: boolean; readonly isInstanceFault: boolean }): void;
  /** The engine answered 429. It waits again. */
  pushBack(retryAfterMs: number): void;
  /** The caller is gone; whatever was held is freed. */
  cancel(): void;
}

/** What the doors need of the scheduler. */
export interface SchedulerDoor {
  /** Handlers may be called before `submit` returns. */
  submit(request: RequestMetadata, handlers: TicketHandlers): Ticket;
  tellFleet(event: FleetEvent): void;
  instance(instanceId: string): ExecutionInstance | undefined;
  /** Every model and adapter name that some instance serves, in any state but `gone`. */
  modelNames(): readonly string[];
}
