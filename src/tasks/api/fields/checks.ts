/**
 * Checks of request fields that collect every mistake instead of stopping at the first. Rules, coercions and texts are those of
 * pydantic 2 in its lax mode, which existing clients of the scheduler know.
 */

import { type Mistake, mistake } from './mistake.ts';

type Place = Mistake['loc'];

/** Gives the value as the handler wants it; where it adds to `mistakes`, what it gives does not matter. */
export type Check<T> = (value: unknown, place: Place, mistakes: Mistake[]) => T;

/** A field of a record. Without `otherwise` it must be there. */
interface Field<T> {
  readonly check: Check<T>;
  readonly otherwise?: { readonly value: T };
}

type Fields = Readonly<Record<string, Field<unknown>>>;
type Checked<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

export const required = <T>(check: Check<T>): Field<T> => ({ check });

/** May be left out or null. */
export function optional<T>(check: Check<T>): Field<T | undefined> {
  return {
    check: (value, place, mistakes) => (value === null ? undefined : check(value, place, mistakes)),
    otherwise: { value: undefined },
  };
}

/** May be left out, not null. */
export const withDefault = <T>(check: Check<T>, value: T): Field<T> => ({ check, otherwise: { value } });

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function record<F extends Fields>(fields: F): Check<Checked<F>> {
  return function checkRecord(value, place, mistakes) {
    if (!isObject(value)) {
      mistakes.push(
        mistake(
          'model_attributes_type',
          place,
          'Input should be a valid dictionary or object to extract fields from',
          value,
        ),
      );
      return {} as Checked<F>;
    }
    const result: Record<string, unknown> = {};
    for (const [name, { check, otherwise }] of Object.entries(fields)) {
      const at = [...place, name];
      if (Object.hasOwn(value, name)) result[name] = check(value[name], at, mistakes);
      else if (otherwise !== undefined) result[name] = otherwise.value;
      else mistakes.push(mistake('missing', at, 'Field required', value));
    }
    return result as Checked<F>;
  };
}

export const anything: Check<unknown> = (value) => value;

export function text(maxLength = 4096, minLength = 0): Check<string> {
  return function checkText(value, place, mistakes) {
    if (typeof value !== 'string') {
      mistakes.push(mistake('string_type', place, 'Input should be a valid string', value));
      return '';
    }
    if (value.length > maxLength) {
      const msg = `String should have at most ${maxLength} characters`;
      mistakes.push(mistake('string_too_long', place, msg, value, { max_length: maxLength }));
    }
    if (value.length < minLength) {
      const msg = `String should have at least ${minLength} ${minLength === 1 ? 'character' : 'characters'}`;
      mistakes.push(mistake('string_too_short', place, msg, value, { min_length: minLength }));
    }
    // PostgreSQL's texts cannot hold it.
    if (value.includes('\0'))
      mistakes.push(mistake('value_error', place, 'String should not contain U+0000', value));
    return value;
  };
}

/** Where something can be sent to; whether it may be is not asked here. */
export function webAddress(maxLength = 2000): Check<string> {
  const isText = text(maxLength);
  return function checkWebAddress(value, place, mistakes) {
    const known = mistakes.length;
    const address = isText(value, place, mistakes);
    if (mistakes.length > known) return address;
    const url = URL.parse(address);
    const expected = "'http' or 'https'";
    if (url === null) mistakes.push(mistake('url_parsing', place, 'Input should be a valid URL', value));
    else if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      const msg = `URL scheme should be ${expected}`;
      mistakes.push(mistake('url_scheme', place, msg, value, { expected_schemes: expected }));
    }
    return address;
  };
}

export const dictionary: Check<Readonly<Record<string, unknown>>> = (value, place, mistakes) => {
  if (isObject(value)) return value;
  mistakes.push(mistake('dict_type', place, 'Input should be a valid dictionary', value));
  return {};
};

interface Range {
  readonly min?: number;
  readonly max?: number;
}

export function integer(range: Range = {}): Check<number> {
  return function checkInteger(value, place, mistakes) {
    const number = typeof value === 'boolean' ? Number(value) : value;
    if (typeof number === 'string') {
      if (/^\s*[+-]?\d+(\.0+)?\s*$/.test(number)) return inRange(Number(number), range, place, mistakes);
      const msg = 'Input should be a valid integer, unable to parse string as an integer';
      mistakes.push(mistake('int_parsing', place, msg, value));
    } else if (typeof number !== 'number') {
      mistakes.push(mistake('int_type', place, 'Input should be a valid integer', value));
    } else if (!Number.isInteger(number)) {
      const msg = 'Input should be a valid integer, got a number with a fractional part';
      mistakes.push(mistake('int_from_float', place, msg, value));
    } else {
      return inRange(number, range, place, mistakes);
    }
    return 0;
  };
}

export function decimal(range: Range = {}): Check<number> {
  return function checkDecimal(value, place, mistakes) {
    const number = typeof value === 'boolean' ? Number(value) : value;
    if (typeof number === 'number') return inRange(number, range, place, mistakes);
    if (typeof number === 'string' && number.trim() !== '' && Number.isFinite(Number(number))) {
      return inRange(Number(number), range, place, mistakes);
    }
    const isText = typeof number === 'string';
    const rule = isText ? ', unable to parse string as a number' : '';
    const type = isText ? 'float_parsing' : 'float_type';
    mistakes.push(mistake(type, place, `Input should be a valid number${rule}`, value));
    return 0;
  };
}

function inRange(number: number, { min, max }: Range, place: Place, mistakes: Mistake[]): number {
  if (min !== undefined && number < min) {
    const msg = `Input should be greater than or equal to ${min}`;
    mistakes.push(mistake('greater_than_equal', place, msg, number, { ge: min }));
  } else if (max !== undefined && number > max) {
    const msg = `Input should be less than or equal to ${max}`;
    mistakes.push(mistake('less_than_equal', place, msg, number, { le: max }));
  }
  return number;
}

const TRUTHS: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  [false, false],
  [1, true],
  [0, false],
  ...['true', '1', 'yes', 'on', 't', 'y'].map((word) => [word, true] as const),
  ...['false', '0', 'no', 'off', 'f', 'n'].map((word) => [word, false] as const),
]);

export const truth: Check<boolean> = (value, place, mistakes) => {
  const found = TRUTHS.get(typeof value === 'string' ? value.toLowerCase() : value);
  if (found !== undefined) return found;
  const isText = typeof value === 'string';
  const rule = isText ? ', unable to interpret input' : '';
  mistakes.push(
    mistake(isText ? 'bool_parsing' : 'bool_type', place, `Input should be a valid boolean${rule}`, value),
  );
  return false;
};

export function oneOf<T extends string>(allowed: readonly T[]): Check<T> {
  const names = allowed.map((name) => `'${name}'`);
  const expected = [names.slice(0, -1).join(', '), names.at(-1)].filter(Boolean).join(' or ');
  return function checkOneOf(value, place, mistakes) {
    const found = allowed.find((name) => name === value);
    if (found === undefined) {
      mistakes.push(mistake('enum', place, `Input should be ${expected}`, value, { expected }));
    }
    return found as T;
  };
}

export function list<T>(item: Check<T>, maxLength: number): Check<readonly T[]> {
  return function checkList(value, place, mistakes) {
    if (!Array.isArray(value)) {
      mistakes.push(mistake('list_type', place, 'Input should be a valid list', value));
      return [];
    }
    if (value.length > maxLength) {
      const msg = `List should have at most ${maxLength} items after validation, not ${value.length}`;
      const ctx = { field_type: 'List', max_length: maxLength, actual_length: value.length };
      mistakes.push(mistake('too_long', place, msg, `${value.length} items`, ctx));
      return [];
    }
    return value.map((each: unknown, index) => item(each, [...place, index], mistakes));
  };
}
