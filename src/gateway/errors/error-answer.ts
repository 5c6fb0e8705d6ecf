/** A failure as the HTTP answer that OpenAI's clients understand. */

import { asSignalboxError, type SignalboxError, toOpenAiError } from '../../domain/index.ts';
import { MethodNotAllowedError } from './method-not-allowed.ts';

export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * The whole answer for anything thrown. `x-should-retry` overrules what OpenAI's clients would guess from the status
 * (they retry 408, 409, 429 and every 5xx, also where that cannot help).
 */
export function errorAnswer(thrown: unknown): ErrorAnswer {
  const error = asSignalboxError(thrown);
  return { status: error.status, headers: errorHeaders(error), body: JSON.stringify(toOpenAiError(error)) };
}

function errorHeaders(error: SignalboxError): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'x-should-retry': String(error.retryable),
  };
  if (error.retryAfterMs !== undefined) headers['retry-after'] = retryAfterSeconds(error.retryAfterMs);
  if (error.code === 'invalid_api_key') headers['www-authenticate'] = 'Bearer realm="signalbox"';
  if (error instanceof MethodNotAllowedError) headers.allow = error.allow;
  return headers;
}

/** Whole seconds, rounded up, so that nobody comes back too early; at least 1, as 0 would say not to wait. */
function retryAfterSeconds(retryAfterMs: number): string {
  return String(Math.max(1, Math.ceil(retryAfterMs / 1000)));
}
