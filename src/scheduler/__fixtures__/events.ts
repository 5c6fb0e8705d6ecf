/** Events in short, for tests of the state machine. */

import { anInstance } from '../../../test/builders.ts';
import type { ExecutionInstance, RequestMetadata } from '../../domain/index.ts';
import type { SchedulerEvent } from '../events.ts';

/** An instance for one request at a time. */
export const small = (id: string): ExecutionInstance => anInstance(id, { maxConcurrency: 1 });
export const arrived = (request: RequestMetadata): SchedulerEvent => ({ type: 'request-arrived', request });
export const completed = (requestId: string): SchedulerEvent => ({ type: 'request-completed', requestId });
export const cancelled = (requestId: string): SchedulerEvent => ({ type: 'request-cancelled', requestId });
export const failed = (requestId: string, mayRetry = true, isInstanceFault = true): SchedulerEvent => ({
  type: 'request-failed',
  requestId,
  mayRetry,
  isInstanceFault,
});
export const passed: SchedulerEvent = { type: 'time-passed' };
