/** Reads single fields of a JSON body, each with its own rule. */

import { SignalboxError } from '../../../domain/index.ts';
import { type FieldSpan, type Fields, typeAt, valueAt } from '../json/json-fields.ts';

/** What to do with a value that breaks its field's rule: throw it, or go on as if the field were absent. */
export type OnMismatch = (error: SignalboxError) => undefined;

export const refuse: OnMismatch = (error) => {
  throw error;
};

export const ignore: OnMismatch = () => undefined;

/** Each gives `undefined` for a field that is absent or null, as engines treat both alike. */
export interface FieldReader<Name extends string> {
  boolean(name: Name): boolean | undefined;
  /** A whole number of at least 0. */
  count(name: Name): number | undefined;
  /** Any whole number. */
  integer(name: Name): number | undefined;
  string(name: Name): string | undefined;
}

export function fieldReader<Name extends string>(
  body: Uint8Array,
  fields: Fields<Name>,
  onMismatch: OnMismatch,
): FieldReader<Name> {
  const read = <T>(name: Name, allowed: string, isAllowed: (value: unknown) => value is T): T | undefined => {
    const span = fields[name];
    if (span === undefined || typeAt(body, span) === 'null') return undefined;
    const value = isScalar(body, span) ? valueAt(body, span) : undefined;
    return isAllowed(value) ? value : onMismatch(mismatch(body, name, span, allowed));
  };
  return {
    boolean: (name) => read(name, 'true or false', isBoolean),
    count: (name) => read(name, 'a whole number of at least 0', isCount),
    integer: (name) => read(name, 'a whole number', isInteger),
    string: (name) => read(name, 'a string', isString),
  };
}

/** A field whose value is not what it must be. */
export function mismatch(body: Uint8Array, name: string, span: FieldSpan, allowed: string): SignalboxError {
  const found = foundAt(body, span);
  return new SignalboxError('invalid_value', `'${name}' must be ${allowed}; found ${found}.`, {
    param: name,
  });
}

export function missing(name: string, wanted: string): SignalboxError {
  return new SignalboxError('missing_field', `'${name}' is missing: it must be ${wanted}.`, { param: name });
}

const FOUND_BYTES = 60;

/** The value as it stands in the body, cut short; an object or array by its type alone. */
function foundAt(body: Uint8Array, span: FieldSpan): string {
  if (!isScalar(body, span)) return `an ${typeAt(body, span)}`;
  const text = Buffer.from(
    body.subarray(span.start, Math.min(span.end, span.start + FOUND_BYTES)),
  ).toString();
  return span.end - span.start > FOUND_BYTES ? `${text}…` : text;
}

function isScalar(body: Uint8Array, span: FieldSpan): boolean {
  const type = typeAt(body, span);
  return type !== 'object' && type !== 'array';
}

const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
const isString = (value: unknown): value is string => typeof value === 'string';
const isInteger = (value: unknown): value is number => Number.isSafeInteger(value);
const isCount = (value: unknown): value is number => isInteger(value) && value >= 0;
