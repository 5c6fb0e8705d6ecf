/** How a request can fail, as few kinds as help to tell what is wrong. */

export const FAILURE_KINDS = {
  http: 'answered with an error status',
  connect: 'no connection',
  disconnected: 'connection lost before the answer began',
  timeout: 'no complete answer within --timeout',
  stream_error: 'an error event within the stream',
  truncated: 'the stream ended before its end was told',
  invalid_stream: 'the answer is no stream of events',
} as const;

export type FailureKind = keyof typeof FAILURE_KINDS;

export interface Failure {
  readonly kind: FailureKind;
  /** Of kind `http`. */
  readonly status?: number;
  /** The error's own code, where the target gave one. */
  readonly code?: string;
  readonly message: string;
}

/** What is counted together. */
export function failureKey({ kind, status, code }: Failure): string {
  return [kind, status, code].filter((part) => part !== undefined).join(' ');
}

/** The failure that a target's error body tells of, in OpenAI's shape or in any other. */
export function httpFailure(status: number, body: string): Failure {
  const { code, message } = readErrorBody(body);
  return {
    kind: 'http',
    status,
    ...(code === undefined || code === String(status) ? {} : { code }),
    message: shorten(message ?? body),
  };
}

/** The failure in an SSE frame's data, or none if its `error` is empty. */
export function streamFailure(data: string): Failure | undefined {
  const { code, message, isError } = readErrorBody(data);
  if (!isError) return undefined;
  return { kind: 'stream_error', ...(code === undefined ? {} : { code }), message: shorten(message ?? data) };
}

const CONNECT_CODES = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EMFILE',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** The failure behind an error of the transport. */
export function transportFailure(error: Error, hasBegun: boolean): Failure {
  const code = codeOf(error);
  const isConnect = code !== undefined && (CONNECT_CODES.has(code) || code.startsWith('ERR_TLS'));
  const kind = isConnect ? 'connect' : hasBegun ? 'truncated' : 'disconnected';
  return { kind, ...(code === undefined ? {} : { code }), message: shorten(describeConnectError(error)) };
}

const EXPLANATIONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused, nothing listens there',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the host name could not be looked up',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  EMFILE: 'too many open files here (ulimit -n)',
  EADDRNOTAVAIL: 'no free local port',
};

export function describeConnectError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer in time';
  const code = codeOf(error);
  const words = (code === undefined ? undefined : EXPLANATIONS[code]) ?? error.message;
  return code === undefined || words.includes(code) ? words : `${words} (${code})`;
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

interface ErrorBody {
  readonly isError: boolean;
  readonly code?: string;
  readonly message?: string;
}

function readErrorBody(body: string): ErrorBody {
  const error = parseRecord(body)?.error;
  if (typeof error === 'string') return { isError: true, message: error };
  if (typeof error !== 'object' || error === null) return { isError: false };
  const { code, type, message } = error as Readonly<Record<string, unknown>>;
  const named = [code, type].find((name) => typeof name === 'string' || typeof name === 'number');
  return {
    isError: true,
    ...(named === undefined ? {} : { code: String(named) }),
    ...(typeof message === 'string' ? { message } : {}),
  };
}

function parseRecord(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function shorten(message: string): string {
  const line = message.replace(/\s+/g, ' ').trim();
  return line.length > 160 ? `${line.slice(0, 157)}...` : line;
}
