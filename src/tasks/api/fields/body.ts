/** Reads a request's body: JSON, not too deep, and of the shape that a call wants. */

import type { Check } from './checks.ts';
import { type Mistake, mistake } from './mistake.ts';

/** A task's input may nest as deep as this; nothing honest needs more, and what handles it later may recurse. */
export const MAX_DEPTH = 100;

/** Every mistake found in one request. */
export class InvalidRequest extends Error {
  override readonly name = 'InvalidRequest';
  readonly mistakes: readonly Mistake[];

  constructor(mistakes: readonly Mistake[]) {
    super(mistakes.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join('; '));
    this.mistakes = mistakes;
  }
}

/** @throws InvalidRequest with every mistake */
export function checked<T>(check: Check<T>, value: unknown, place: Mistake['loc']): T {
  const mistakes: Mistake[] = [];
  const result = check(value, place, mistakes);
  if (mistakes.length > 0) throw new InvalidRequest(mistakes);
  return result;
}

/** @throws InvalidRequest with every mistake */
export function readBody<T>(body: string, check: Check<T>): T {
  if (body.trim() === '')
    throw new InvalidRequest([mistake('missing', ['body'], 'Field required', undefined)]);
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    const ctx = { error: (error as Error).message };
    throw new InvalidRequest([mistake('json_invalid', ['body'], 'JSON decode error', {}, ctx)]);
  }
  if (isDeeperThan(value, MAX_DEPTH)) {
    const msg = `JSON should nest at most ${MAX_DEPTH} levels deep`;
    throw new InvalidRequest([mistake('too_deep', ['body'], msg, undefined, { max_depth: MAX_DEPTH })]);
  }
  return checked(check, value, ['body']);
}

/** @throws InvalidRequest with every mistake */
export function readQuery<T>(query: URLSearchParams, check: Check<T>): T {
  const mistakes: Mistake[] = [];
  const result = check(Object.fromEntries(query), ['query'], mistakes);
  if (mistakes.length === 0) return result;
  // What a missing parameter should be in is the query, and nobody needs to be shown that.
  throw new InvalidRequest(
    mistakes.map((each) => (each.type === 'missing' ? { ...each, input: null } : each)),
  );
}

function isDeeperThan(value: unknown, levels: number): boolean {
  let layer: unknown[] = [value];
  for (let depth = 0; layer.length > 0; depth++) {
    if (depth > levels) return true;
    layer = layer.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
  return false;
}
