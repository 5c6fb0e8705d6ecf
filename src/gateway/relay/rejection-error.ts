/** What a caller is told whom the scheduler turned away. */

import { type ErrorCode, SignalboxError } from '../../domain/index.ts';
import type { Rejection, RejectionReason } from '../../scheduler/index.ts';

const CODES: Readonly<Record<RejectionReason, ErrorCode>> = {
  'queue-full': 'queue_full',
  shed: 'shed',
  infeasible: 'infeasible',
  overloaded: 'overloaded',
  deadline: 'deadline_exceeded',
  'no-instance': 'no_instance_available',
  'retries-exhausted': 'no_instance_available',
};

/** A passed deadline is not worth coming back for. */
export function rejectionError(rejection: Rejection): SignalboxError {
  const { reason, message, retryAfterMs } = rejection;
  return new SignalboxError(CODES[reason], message, reason === 'deadline' ? {} : { retryAfterMs });
}
