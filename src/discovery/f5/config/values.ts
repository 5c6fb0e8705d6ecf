/** Values of the file, read as its own program reads them: numbers in quotes, `yes` and `no`, empty sections refused. */

import { ConfigurationError } from './configuration-error.ts';

/** Where passwords come from. */
export type Environment = Readonly<Record<string, string | undefined>>;

export type Section = Readonly<Record<string, unknown>>;

export const NO_SECTION: Section = Object.freeze({});

/** A section that is not there is empty; one that is there without content is a mistake. */
export function section(value: unknown, path: string): Section {
  if (value === undefined) return NO_SECTION;
  if (isSection(value)) return value;
  throw notAllowed(path, value, 'keys with values');
}

export function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The default stands for a key that is not there; one that is there without a value is a mistake. */
export function given(value: unknown, fallback: unknown): unknown {
  return value === undefined ? fallback : value;
}

export function list(value: unknown, path: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw notAllowed(path, value, 'a list');
}

/** `undefined` for what is absent or empty. */
export function optionalText(value: unknown, path: string): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return String(value);
  }
  throw notAllowed(path, value, 'text');
}

export function text(value: unknown, path: string, fallback: string): string {
  return optionalText(value, path) ?? fallback;
}

const FLOAT = /^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+)?$/i;

/** A number, also as text or `true`. */
export function number(value: unknown, path: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'boolean') return Number(value);
  const trimmed = typeof value === 'string' ? value.trim() : '';
  if (FLOAT.test(trimmed)) return Number(trimmed.replaceAll('_', ''));
  throw notAllowed(path, value, 'a number');
}

export function optionalNumber(value: unknown, path: string): number | undefined {
  return value === undefined || value === null ? undefined : number(value, path);
}

/** A whole number; the fraction of one that is not is cut off. */
export function wholeNumber(value: unknown, path: string): number {
  if (typeof value === 'string' && !/^\s*[+-]?\d+(?:_\d+)*\s*$/.test(value)) {
    throw notAllowed(path, value, 'a whole number');
  }
  return Math.trunc(number(value, path));
}

const YES = new Set(['true', 'yes', '1', 'on']);
const NO = new Set(['false', 'no', '0', 'off', '']);

/** Also `yes`, `"false"` in quotes, 1 and 0. */
export function boolean(value: unknown, path: string, fallback: boolean): boolean {
  if (value === undefined || value === null) return fallback;
  const word = String(value).trim().toLowerCase();
  if (YES.has(word)) return true;
  if (NO.has(word)) return false;
  throw notAllowed(path, value, 'true or false');
}

/** Whether it clearly says yes, also as a number that is not 0; anything else is no. */
export function isYes(value: unknown): boolean {
  if (typeof value === 'number') return value !== 0;
  return YES.has(String(value).trim().toLowerCase());
}

export function oneOf<Word extends string>(
  value: unknown,
  path: string,
  words: readonly Word[],
  fallback: Word,
): Word {
  if (value === undefined || value === null) return fallback;
  const found = words.find((word) => word === String(value).toLowerCase());
  if (found === undefined) throw notAllowed(path, value, words.join(', '));
  return found;
}

export function notAllowed(path: string, value: unknown, allowed: string): ConfigurationError {
  return new ConfigurationError(
    `${path}: found ${JSON.stringify(value) ?? 'nothing'}, allowed is ${allowed}`,
  );
}
