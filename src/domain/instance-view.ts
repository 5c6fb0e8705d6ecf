/** An instance as policies and routing see it at one moment. */

import type { ExecutionInstance, InstanceState } from './instance.ts';
import type { InstanceReport } from './report.ts';

/**
 * The last report plus what was dispatched and minus what completed since it: scraped truth is old by the time it is used,
 * while our own events are exact. Whoever decides only reads it.
 */
export interface InstanceView {
  readonly instance: ExecutionInstance;
  readonly state: InstanceState;
  /** Requests we dispatched there that have not ended. */
  readonly inFlightRequests: number;
  /** Prompt tokens we dispatched there whose first token has not come. */
  readonly pendingPrefillTokens: number;
  /** The most requests it may have in flight now; below `maxConcurrency` while it proves itself after an ejection. */
  readonly windowRequests: number;
  /** Epoch milliseconds until which it gets nothing because its engine said it is full; 0 when it did not. */
  readonly restingUntilMs: number;
  readonly report: InstanceReport | undefined;
  /** Our own dispatches and ends since the last report. */
  readonly dispatchedSinceReport: number;
  readonly endedSinceReport: number;
  /** Age in milliseconds from which a report loses weight. */
  readonly staleAfterMs: number;
  /** Grows with each dispatch in the fleet; 0 before the first one here. */
  readonly lastDispatchOrder: number;
}
