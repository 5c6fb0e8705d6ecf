/** What a call is answered, whichever server sends it. */

import { asSignalboxError } from '../../domain/index.ts';
import { InvalidRequest } from './fields/body.ts';

export interface TaskAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export function ok(body: unknown): TaskAnswer {
  return { status: 200, body };
}

/** A refusal in the shape that clients of the existing scheduler know. */
export function detail(status: number, message: unknown): TaskAnswer {
  return { status, body: { detail: message } };
}

/** The answer to whatever was thrown while a call was handled, and whether it is our own mistake. */
export function answerToFailure(thrown: unknown): TaskAnswer & { readonly isInternal: boolean } {
  if (thrown instanceof InvalidRequest) return { ...detail(422, thrown.mistakes), isInternal: false };
  const error = asSignalboxError(thrown);
  const isInternal = error.code === 'internal_error';
  const answer = detail(error.status, isInternal ? 'Internal server error' : error.message);
  if (error.retryAfterMs === undefined) return { ...answer, isInternal };
  const seconds = String(Math.max(1, Math.ceil(error.retryAfterMs / 1000)));
  return { ...answer, headers: { 'retry-after': seconds }, isInternal };
}
