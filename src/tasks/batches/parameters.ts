/** Reads the parameters of the batch API's calls; what is wrong is told in the words of the house. */

import { SignalboxError } from '../../domain/index.ts';
import type { ListWish } from './batch-store.ts';
import type { BatchCall } from './call.ts';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 10_000;
const METADATA_PAIRS = 16;
const METADATA_CHARS = 512;

export function invalid(param: string, found: unknown, allowed: string): SignalboxError {
  const shown = found === undefined ? 'nothing' : (JSON.stringify(found) ?? String(found)).slice(0, 80);
  return new SignalboxError('invalid_value', `${param}: found ${shown}, allowed is ${allowed}.`, { param });
}

/** One more than was asked for is read, to see whether more follow. */
export function listWish({ query, tenant }: BatchCall): ListWish & { readonly wanted: number } {
  const given = query.get('limit');
  const wanted = given === null ? DEFAULT_LIMIT : Number(given);
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > MAX_LIMIT) {
    throw invalid('limit', given, `a whole number from 1 to ${MAX_LIMIT}`);
  }
  const order = query.get('order') ?? 'desc';
  if (order !== 'asc' && order !== 'desc') throw invalid('order', order, 'asc or desc');
  const after = query.get('after');
  const purpose = query.get('purpose');
  return {
    wanted,
    limit: wanted + 1,
    order,
    ...(after !== null && { after }),
    ...(purpose !== null && { purpose }),
    ...(tenant !== undefined && { tenant }),
  };
}

export function jsonBody({ body }: BatchCall): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch (error) {
    throw new SignalboxError('invalid_json', `The body is no valid JSON: ${(error as Error).message}`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new SignalboxError('invalid_request', 'The body must be a JSON object.');
}

export function textField(body: Readonly<Record<string, unknown>>, name: string): string {
  const value = body[name];
  if (typeof value === 'string' && value !== '') return value;
  if (value === undefined) throw new SignalboxError('missing_field', `${name} is missing.`, { param: name });
  throw invalid(name, value, 'a text that is not empty');
}

export function metadataField(value: unknown): Readonly<Record<string, string>> | null {
  if (value === undefined || value === null) return null;
  const allowed = `an object of at most ${METADATA_PAIRS} texts of at most ${METADATA_CHARS} characters`;
  if (typeof value !== 'object' || Array.isArray(value)) throw invalid('metadata', value, allowed);
  const pairs = Object.entries(value);
  const isFine = pairs.every(([, text]) => typeof text === 'string' && text.length <= METADATA_CHARS);
  if (!isFine || pairs.length > METADATA_PAIRS) throw invalid('metadata', value, allowed);
  return value as Readonly<Record<string, string>>;
}

const WINDOW = /^([1-9]\d{0,3})([hd])$/;
const UNIT_MS = { h: 60 * 60_000, d: 24 * 60 * 60_000 } as const;
const MAX_WINDOW_MS = 30 * UNIT_MS.d;

/** OpenAI takes `24h` alone. */
export function windowMs(text: string): number {
  const match = WINDOW.exec(text);
  const ms = match === null ? 0 : Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
  if (ms > 0 && ms <= MAX_WINDOW_MS) return ms;
  throw invalid('completion_window', text, 'a number of hours or days up to 30d, as in 24h');
}
