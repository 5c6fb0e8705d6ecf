/** Every failure that a caller can meet, in one table: its code, HTTP status, OpenAI type, and whether a retry may help. */

/** What clients branch on besides the code; names as in OpenAI's API. */
export type OpenAiErrorType =
  | 'invalid_request_error'
  | 'authentication_error'
  | 'permission_error'
  | 'not_found_error'
  | 'rate_limit_error'
  | 'server_error'
  | 'timeout_error';

interface ErrorKind {
  readonly status: number;
  readonly type: OpenAiErrorType;
  /** Whether the same request may succeed when it is sent again later. */
  readonly retryable: boolean;
}

const kind = (status: number, type: OpenAiErrorType, retryable = false): ErrorKind => ({
  status,
  type,
  retryable,
});

/** The stable codes. Adding one is adding a line here and in `docs/errors.md`. */
export const ERROR_KINDS = {
  invalid_json: kind(400, 'invalid_request_error'),
  invalid_request: kind(400, 'invalid_request_error'),
  invalid_value: kind(400, 'invalid_request_error'),
  missing_field: kind(400, 'invalid_request_error'),
  bad_http: kind(400, 'invalid_request_error'),
  invalid_api_key: kind(401, 'authentication_error'),
  model_not_allowed: kind(403, 'permission_error'),
  forbidden: kind(403, 'permission_error'),
  unknown_path: kind(404, 'not_found_error'),
  not_found: kind(404, 'not_found_error'),
  model_not_found: kind(404, 'not_found_error'),
  method_not_allowed: kind(405, 'invalid_request_error'),
  request_timeout: kind(408, 'timeout_error', true),
  conflict: kind(409, 'invalid_request_error'),
  request_too_large: kind(413, 'invalid_request_error'),
  unsupported_media_type: kind(415, 'invalid_request_error'),
  headers_too_large: kind(431, 'invalid_request_error'),
  client_closed_request: kind(499, 'invalid_request_error'),
  queue_full: kind(429, 'rate_limit_error', true),
  shed: kind(429, 'rate_limit_error', true),
  infeasible: kind(429, 'rate_limit_error', true),
  overloaded: kind(429, 'rate_limit_error', true),
  engine_busy: kind(429, 'rate_limit_error', true),
  internal_error: kind(500, 'server_error', true),
  upstream_invalid_response: kind(502, 'server_error', true),
  upstream_error: kind(502, 'server_error', true),
  upstream_unreachable: kind(502, 'server_error', true),
  upstream_disconnected: kind(502, 'server_error', true),
  no_instance_available: kind(503, 'server_error', true),
  shutting_down: kind(503, 'server_error', true),
  storage_unavailable: kind(503, 'server_error', true),
  deadline_exceeded: kind(504, 'timeout_error'),
  upstream_timeout: kind(504, 'timeout_error', true),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_KINDS;

export interface ErrorDetails {
  /** The request field that is wrong, as a path (`messages[0].content`). */
  readonly param?: string;
  /** When it is worth trying again. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** A failure with a stable code; what a caller sees of it follows from `ERROR_KINDS`. */
export class SignalboxError extends Error {
  override readonly name = 'SignalboxError';
  readonly code: ErrorCode;
  readonly param: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.param = details.param;
    this.retryAfterMs = details.retryAfterMs;
  }

  get status(): number {
    return ERROR_KINDS[this.code].status;
  }

  get type(): OpenAiErrorType {
    return ERROR_KINDS[this.code].type;
  }

  get retryable(): boolean {
    return ERROR_KINDS[this.code].retryable;
  }
}

/** The body that OpenAI's clients expect of a failure. */
export interface OpenAiErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: OpenAiErrorType;
    readonly param: string | null;
    readonly code: ErrorCode;
  };
}

export function toOpenAiError(error: SignalboxError): OpenAiErrorBody {
  return {
    error: { message: error.message, type: error.type, param: error.param ?? null, code: error.code },
  };
}

/** Anything thrown as a `SignalboxError`; what was not foreseen becomes `internal_error` without its message. */
export function asSignalboxError(thrown: unknown): SignalboxError {
  if (thrown instanceof SignalboxError) return thrown;
  return new SignalboxError('internal_error', 'The gateway failed to handle this request.', {
    cause: thrown,
  });
}
