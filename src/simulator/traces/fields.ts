/** Reads the fields of one line of a trace; what is wrong is thrown as a `FieldError` and becomes the line's reason. */

import type { BrokenRow, TraceRow } from './trace-format.ts';

/** More than any context window; a larger number is a mistake in the file. */
export const MAX_TOKENS = 10_000_000;

export class FieldError extends Error {
  override readonly name = 'FieldError';
}

/** A whole number of tokens, also when some tool wrote it as `472.0`. */
export function readTokens(text: string, field: string): number {
  const tokens = /^\d+(\.0*)?$/.test(text) ? Number(text) : Number.NaN;
  return checkTokens(tokens, field, text);
}

export function checkTokens(tokens: unknown, field: string, found: unknown = tokens): number {
  if (typeof tokens === 'number' && Number.isInteger(tokens) && tokens >= 0 && tokens <= MAX_TOKENS) {
    return tokens;
  }
  throw new FieldError(`${field} is ${show(found)}, not a whole number from 0 to ${MAX_TOKENS}`);
}

/** Seconds as a decimal number, in milliseconds. */
export function readSecondsAsMs(text: string, field: string): number {
  const ms = /^\d+(\.\d*)?([eE][+-]?\d+)?$/.test(text) ? Number(text) * 1000 : Number.NaN;
  if (ms <= Number.MAX_SAFE_INTEGER) return ms;
  throw new FieldError(`${field} is ${show(text)}, not a number of seconds`);
}

export function show(found: unknown): string {
  const text = found === undefined ? 'missing' : JSON.stringify(found);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** Runs `read` and turns a wrong field into a broken row; any other error is ours and stays one. */
export function rowOrReason(read: () => TraceRow): TraceRow | BrokenRow {
  try {
    return read();
  } catch (error) {
    if (error instanceof FieldError) return { reason: error.message };
    throw error;
  }
}
