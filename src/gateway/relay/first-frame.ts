/** The first meaningful frame of an event stream: found, and judged before the caller is promised an answer. */

import type { RequestKind } from '../../domain/index.ts';

/** A frame with data; `event` is its name, where it has one. */
export interface Frame {
  readonly event?: string;
  readonly data: string;
}

export type FrameVerdict =
  | { readonly type: 'answer' }
  /** The engine answered 200 and then an error; `payload` is what it said, as JSON. */
  | { readonly type: 'error'; readonly status: number; readonly payload: string }
  | { readonly type: 'garbage'; readonly reason: string };

/** The first whole frame that carries data, if it has come; comments and empty frames say nothing yet. */
export function findFirstFrame(bytes: Uint8Array): Frame | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const blocks = text.split(/\r\n\r\n|\n\n|\r\r/);
  // What follows the last blank line is not whole yet.
  blocks.pop();
  for (const block of blocks) {
    const frame = readFrame(block);
    if (frame !== undefined) return frame;
  }
  return undefined;
}

/** @param kind what the frame should look like follows from the API that was called */
export function judgeFirstFrame(frame: Frame, kind: RequestKind): FrameVerdict {
  if (frame.data === '[DONE]') return { type: 'answer' };
  const speaksJson = kind === 'chat' || kind === 'completion';
  const payload = parse(frame.data);
  const error = errorIn(payload, frame.event);
  if (error !== undefined) return { type: 'error', status: statusOf(error), payload: frame.data };
  if (!speaksJson || isRecord(payload)) return { type: 'answer' };
  return { type: 'garbage', reason: 'the first event of its stream is not a JSON object' };
}

function readFrame(block: string): Frame | undefined {
  const data: string[] = [];
  let event: string | undefined;
  for (const line of block.split(/\r\n|\n|\r/)) {
    if (line.startsWith('data:')) data.push(fieldValue(line, 'data:'));
    else if (line.startsWith('event:')) event = fieldValue(line, 'event:');
  }
  const joined = data.join('\n');
  if (joined === '') return undefined;
  return event === undefined ? { data: joined } : { event, data: joined };
}

function fieldValue(line: string, field: string): string {
  const value = line.slice(field.length);
  return value.startsWith(' ') ? value.slice(1) : value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The part that tells of the error: `{"error":{…}}` of OpenAI and most, `{"object":"error",…}` of older vLLM. */
function errorIn(payload: unknown, event: string | undefined): Record<string, unknown> | undefined {
  if (!isRecord(payload)) return event === 'error' ? {} : undefined;
  if (isRecord(payload.error)) return payload.error;
  if (typeof payload.error === 'string' && payload.error !== '') return payload;
  if (payload.object === 'error' || payload.type === 'error' || event === 'error') return payload;
  return undefined;
}

/** For errors that name no HTTP status: what their type stands for. */
const STATUS_BY_TYPE: Readonly<Record<string, number>> = {
  BadRequestError: 400,
  invalid_request_error: 400,
  validation_error: 400,
  NotFoundError: 404,
  not_found_error: 404,
  rate_limit_error: 429,
  overloaded_error: 503,
  unavailable_error: 503,
  api_error: 500,
  server_error: 500,
  InternalServerError: 500,
};

const UNKNOWN_ERROR_STATUS = 502;

function statusOf(error: Record<string, unknown>): number {
  for (const value of [error.code, error.status, error.status_code]) {
    const status = Number(value);
    if (Number.isInteger(status) && status >= 400 && status <= 599) return status;
  }
  return STATUS_BY_TYPE[String(error.type)] ?? UNKNOWN_ERROR_STATUS;
}
