/** A failure as the last event of a stream, in the shape that the API's own clients look for. */

import { type SignalboxError, toOpenAiError } from '../../domain/index.ts';

export interface FailureInStream {
  readonly error: SignalboxError;
  /** What the engine said, where it is a JSON object with an `error`. */
  readonly engineBody?: object | undefined;
  /** Events of the stream so far. */
  readonly events: number;
}

/** The whole frame. */
export function errorEvent(path: string, failure: FailureInStream): string {
  const write = Object.hasOwn(SHAPES, path) ? SHAPES[path]! : plainEvent;
  return write(failure);
}

const SHAPES: Readonly<Record<string, (failure: FailureInStream) => string>> = {
  '/v1/messages': messagesEvent,
  '/v1/responses': responsesEvent,
};

/** OpenAI's chat and completion streams name no events; their clients look for `error` in the data. */
function plainEvent({ error, engineBody }: FailureInStream): string {
  return `data: ${JSON.stringify(engineBody ?? toOpenAiError(error))}\n\n`;
}

/** Anthropic's streams end with an event `error` (docs.anthropic.com, "Streaming Messages", "Error events"). */
function messagesEvent({ error, engineBody }: FailureInStream): string {
  const isTheirs = engineBody !== undefined && 'type' in engineBody && engineBody.type === 'error';
  const message = wordsOf(engineBody)?.message ?? error.message;
  const type = ANTHROPIC_TYPES[error.status] ?? (error.status < 500 ? 'invalid_request_error' : 'api_error');
  return namedEvent(isTheirs ? engineBody : { type: 'error', error: { type, message } });
}

/** Anthropic's error types by their statuses (docs.anthropic.com, "Errors"); 503 is their 529. */
const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
};

/** OpenAI's `ResponseErrorEvent` (platform.openai.com, "Responses", "Streaming events"): flat, and numbered like every event. */
function responsesEvent({ error, engineBody, events }: FailureInStream): string {
  const words = wordsOf(engineBody);
  return namedEvent({
    type: 'error',
    code: words === undefined ? error.code : words.code,
    message: words?.message ?? error.message,
    param: words === undefined ? (error.param ?? null) : words.param,
    sequence_number: events,
  });
}

function namedEvent(data: object): string {
  return `event: error\ndata: ${JSON.stringify(data)}\n\n`;
}

interface Words {
  readonly message: string;
  readonly code: string | null;
  readonly param: string | null;
}

/** Engines name codes by numbers, too. */
function wordsOf(body: object | undefined): Words | undefined {
  const error = (body as { readonly error?: unknown } | undefined)?.error;
  if (typeof error === 'string') return { message: error, code: null, param: null };
  if (typeof error !== 'object' || error === null) return undefined;
  const { message, code, param } = error as Record<string, unknown>;
  if (typeof message !== 'string') return undefined;
  return {
    message,
    code: code === undefined || code === null ? null : String(code),
    param: typeof param === 'string' ? param : null,
  };
}
