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
const SECRETIVE_WORD = /token|api_?key|password|passwd|secret|sha256|credential|authorization|bearer/i;

/** Whether the value under `key` must not be shown. */
export function isSecretKey(key: PropertyKey | undefined): boolean {
  return typeof key === 'string' && SECRET_KEY.test(key);
}

/**
 * A line of the file as it may be shown: what follows a key that looks like a secret's, and the credentials in addresses, are
 * replaced by asterisks of the same length, so that columns stay true.
 */
export function maskLine(line: string): string {
  const masked = line.replace(
    /(["']?)([\w.-]+)\1(\s*:\s+|\s*:(?=["']))(.+)$/,
    (whole, quote: string, key: string, colon: string, value: string) =>
      SECRETIVE_WORD.test(key) && !key.endsWith('Tokens')
        ? `${quote}${key}${quote}${colon}${stars(value)}`
        : whole.slice(0, whole.length - value.length) + maskLine(value),
  );
  return masked.replace(
    /(:\/\/)([^\s/@]+)(?=@)/g,
    (_whole, slashes: string, user: string) => slashes + stars(user),
  );
}

function stars(value: string): string {
  return '*'.repeat(value.length);
}
