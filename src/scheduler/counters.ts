/** How often each thing has happened since the start. */

import type { RejectionReason } from './events.ts';
import type { SchedulerCounters } from './inspection.ts';

export class Counters implements SchedulerCounters {
  arrived = 0;
  dispatched = 0;
  completed = 0;
  failed = 0;
  cancelled = 0;
  retried = 0;
  pushedBack = 0;
  ejected = 0;
  readonly rejected: Record<RejectionReason, number> = {
    'queue-full': 0,
    shed: 0,
    infeasible: 0,
    overloaded: 0,
    deadline: 0,
    'no-instance': 0,
    'retries-exhausted': 0,
  };
}
