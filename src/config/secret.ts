/** A value that is used but never shown: printing, logging or serialising it yields a placeholder. */

import { createHash, timingSafeEqual } from 'node:crypto';

export const HIDDEN = '[secret]';

export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself, for the one place that sends or compares it. */
  reveal(): string {
    return this.#value;
  }

  /** Compares in constant time. */
  equals(other: string | Secret): boolean {
    return timingSafeEqual(digest(this.#value), digest(other instanceof Secret ? other.#value : other));
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return HIDDEN;
  }
}

function digest(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}

const SECRET_KEY = /^(token|apikey|password|sha256|key)(_env)?$/i;
const SECRETIVE_KEY =
  /(^key|token|api[_-]?key|passw(or)?d|secret|sha256|credentials?|authorization|bearer)(_env)?$/i;
/** Keys that count tokens. */
const COUNTING_KEY = /per_?token$/i;
/** What keys and certificates look like, wherever they stand. */
const OPAQUE = /(?=[\w+/=-]*\d)(?=[\w+/=-]*[a-z])[\w+/=-]{32,}/gi;

/** Whether the value under `key` must not be shown. */
export function isSecretKey(key: PropertyKey | undefined): boolean {
  return typeof key === 'string' && SECRET_KEY.test(key);
}

/**
 * A line of the file as it may be shown: what follows a key that looks like a secret's, what looks like a key itself, and the
 * credentials in addresses are replaced by asterisks of the same length, so that columns stay true.
 */
export function maskLine(line: string): string {
  return maskValues(line)
    .replace(OPAQUE, stars)
    .replace(/(:\/\/)([^\s/@]+)(?=@)/g, (_whole, slashes: string, user: string) => slashes + stars(user));
}

const KEY_AND_VALUE = /^(.*?(["']?)([\w.-]+)\2(?:\s*:\s+|\s*:(?=["'])))(.+)$/;

function maskValues(line: string): string {
  const [, before, , key, value] = KEY_AND_VALUE.exec(line) ?? [];
  if (before === undefined || key === undefined || value === undefined) return line;
  const isSecretive = SECRETIVE_KEY.test(key) && !COUNTING_KEY.test(key);
  return before + (isSecretive ? stars(value) : maskValues(value));
}

function stars(value: string): string {
  return '*'.repeat(value.length);
}
