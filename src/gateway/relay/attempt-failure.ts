/** The ways in which one try at an instance can fail, each with what follows from it. */

import { type ErrorCode, SignalboxError } from '../../domain/index.ts';
import type { EngineFailure, HeaderMap } from '../transport/port.ts';
import { readRetryAfterMs } from './headers.ts';

/** What an engine itself answered instead of a result. */
export interface EngineErrorAnswer {
  readonly status: number;
  readonly headers: HeaderMap;
  readonly body: Uint8Array;
}

export interface AttemptFailure {
  readonly error: SignalboxError;
  /** What the caller is told where nobody else succeeds; by default the error. */
  readonly answer?: EngineErrorAnswer;
  /** Whether another instance may be tried, as long as the caller has seen nothing of an answer. */
  readonly mayRetry: boolean;
  readonly isInstanceFault: boolean;
}

/** The failure is the instance's, and another one may do better. */
export function instanceFault(code: ErrorCode, message: string): AttemptFailure {
  return { error: new SignalboxError(code, message), mayRetry: true, isInstanceFault: true };
}

const CODE_BY_KIND: Readonly<Record<EngineFailure['kind'], ErrorCode>> = {
  unreachable: 'upstream_unreachable',
  disconnected: 'upstream_disconnected',
  'not-http': 'upstream_invalid_response',
  unsendable: 'internal_error',
};

/** The connection failed. */
export function connectionFailure(instanceId: string, failure: EngineFailure): AttemptFailure {
  const code = CODE_BY_KIND[failure.kind];
  const message = `${WORDS_BY_KIND[failure.kind](instanceId)} (${failure.message}).`;
  if (failure.kind !== 'unsendable') return instanceFault(code, message);
  return { error: new SignalboxError(code, message), mayRetry: false, isInstanceFault: false };
}

const WORDS_BY_KIND: Readonly<Record<EngineFailure['kind'], (instanceId: string) => string>> = {
  unreachable: (id) => `Instance ${id} cannot be reached`,
  disconnected: (id) => `Instance ${id} closed the connection before its answer was complete`,
  'not-http': (id) => `Instance ${id} answered what is not HTTP`,
  unsendable: (id) => `The request cannot be sent to instance ${id}`,
};

/** An error status, or an error told by the first frame of a stream. */
export function engineError(
  instanceId: string,
  answer: EngineErrorAnswer,
  mayRetry: boolean,
): AttemptFailure {
  const retryAfterMs = readRetryAfterMs(answer.headers, Date.now());
  const said = Buffer.from(answer.body.subarray(0, SHOWN_BYTES)).toString('utf8').trim();
  const error = new SignalboxError(
    'upstream_error',
    `Instance ${instanceId} answered ${answer.status}${said === '' ? '.' : `: ${said}`}`,
    retryAfterMs === undefined ? {} : { retryAfterMs },
  );
  return { error, answer, mayRetry, isInstanceFault: answer.status >= 500 };
}

/** How much of an engine's own words goes into a message of ours. */
const SHOWN_BYTES = 500;
