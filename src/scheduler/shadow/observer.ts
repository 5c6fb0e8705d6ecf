/** What watches the dispatcher at work without any effect on it. */

import type { SchedulingDecision } from '../../domain/index.ts';
import type { OrderedRequest } from '../../queueing/index.ts';
import type { InstanceView, RoutingChoice, RoutingInputs } from '../../routing/index.ts';

/** A choice at the moment it was made. */
export interface ChoiceMoment {
  readonly waiting: OrderedRequest;
  readonly choice: RoutingChoice;
  /** The instances that were looked at, without the dispatch that follows. */
  readonly views: readonly InstanceView[];
  readonly inputs: RoutingInputs;
  /** The names of what chose. */
  readonly profile: string;
  readonly policy: string;
  readonly nowMs: number;
}

export interface DispatchObserver {
  /** From now on it may be chosen. */
  onJoined(waiting: OrderedRequest): void;
  /** It may no longer be chosen; it may join again. */
  onLeft(waiting: OrderedRequest): void;
  /** Somebody is about to be dispatched, and still waits. */
  onChoice(moment: ChoiceMoment): void;
  /** The dispatch of the last choice, as it is recorded. */
  onDecision(decision: SchedulingDecision): void;
}
