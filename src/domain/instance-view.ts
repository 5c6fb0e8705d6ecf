/** An instance as policies and routing see it at one moment. */

import type { ExecutionInstance, InstanceState } from './instance.ts';
import type { InstanceReport } from './report.ts';

/** The work of our own requests at an instance, as sums that each dispatch, first token and end keep exact. */
export interface InstanceWork {
  /** Prompt tokens to be computed before all our requests there have their first token; what its prefix cache holds is not in it. */
  readonly uncachedTokens: number;
  /** The attention that goes with them, in pairs of a query and a key token. */
  readonly pairs: number;
  /** Of these, what belongs to the prompt that went there first, which the engine computes now. */
  readonly headUncachedTokens: number;
  readonly headPairs: number;
  /** Epoch milliseconds since when that prompt has been the first; of no meaning while there is none. */
  readonly headSinceMs: number;
  /** Requests that have their first token and not their end. */
  readonly decodingRequests: number;
  /** Their prompts' tokens, which is the KV cache that a step reads but for what they have generated. */
  readonly decodingKvTokens: number;
  /** The prompts' tokens of all requests in flight. */
  readonly kvTokens: number;
}

/**
 * The last report plus what was dispatched and minus what completed since it: scraped truth is old by the time it is used,
 * while our own events are exact. Whoever decides only reads it.
 */
export interface InstanceView {
  readonly instance: ExecutionInstance;
  /** A small number that no other instance of the fleet has, for tables; free again once the instance is gone. */
  readonly slot: number;
  readonly state: InstanceState;
  /** Requests we dispatched there that have not ended. */
  readonly inFlightRequests: number;
  /** Prompt tokens we dispatched there whose first token has not come. */
  readonly pendingPrefillTokens: number;
  readonly work: InstanceWork;
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
