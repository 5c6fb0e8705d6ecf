/** Failures of the control listener, in the same shape as those of the data listener. */

import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { asSignalboxError, SignalboxError, toOpenAiError } from '../domain/index.ts';

export function errorResponse(context: Context, error: SignalboxError): Response {
  if (error.code === 'invalid_api_key') context.header('WWW-Authenticate', 'Bearer realm="signalbox"');
  if (error.retryAfterMs !== undefined) {
    context.header('Retry-After', String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))));
  }
  return context.json(toOpenAiError(error), error.status as ContentfulStatusCode);
}

/** Anything thrown while a call was handled. hono's own parts throw for a body that is no JSON, or is too large. */
export function failureOf(thrown: unknown): SignalboxError {
  if (!(thrown instanceof HTTPException)) return asSignalboxError(thrown);
  if (thrown.status === 413) return new SignalboxError('request_too_large', 'The request body is too large.');
  if (thrown.status === 415) {
    return new SignalboxError(
      'unsupported_media_type',
      'The request body must be of the type application/json.',
    );
  }
  if (thrown.status < 500) return new SignalboxError('invalid_json', `The request body: ${thrown.message}`);
  return asSignalboxError(thrown);
}
