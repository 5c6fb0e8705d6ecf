/** A bounded, plain copy of what a policy's `getStats` returns: what may be shown, whatever an author put in. */

import { thrownMessage } from './thrown-message.ts';

export type PlainValue = string | number | boolean | null | readonly PlainValue[] | PlainRecord;
export interface PlainRecord {
  readonly [key: string]: PlainValue;
}

export interface PolicyFigures {
  readonly name: string;
  readonly figures: PlainRecord;
  /** Whether there is more than is shown. */
  readonly isTruncated: boolean;
  /** Why there are none. */
  readonly failure?: string;
}

/** Values in all, lists and mappings among them. */
export const MAX_FIGURES = 500;
const MAX_DEPTH = 6;
const MAX_TEXT = 200;

interface Figured {
  readonly name: string;
  getStats?(): unknown;
}

export function policyFigures(policy: Figured): PolicyFigures {
  const { name } = policy;
  try {
    return { name, ...plainFigures(policy.getStats?.()) };
  } catch (cause) {
    return { name, figures: {}, isTruncated: false, failure: thrownMessage(cause).slice(0, MAX_TEXT) };
  }
}

/**
 * Functions and what is undefined are left out; a number that JSON does not have is `null`.
 * @throws whatever a getter in `stats` throws
 */
export function plainFigures(stats: unknown): Pick<PolicyFigures, 'figures' | 'isTruncated'> {
  const copy = new PlainCopy();
  const figures = isRecord(stats) ? copy.record(stats, 1) : {};
  return { figures, isTruncated: copy.isTruncated };
}

class PlainCopy {
  isTruncated = false;
  #left = MAX_FIGURES;
  /** What the value at hand lies in: a cycle comes back to one of them. */
  readonly #above = new Set<object>();

  record(source: object, depth: number): PlainRecord {
    return this.#pairs(source, pairsOf(source), depth);
  }

  #value(value: unknown, depth: number): PlainValue {
    if (typeof value === 'string') return this.#text(value);
    if (typeof value === 'number') return Number.isFinite(value) ? value : null;
    if (typeof value === 'boolean' || value === null) return value;
    if (typeof value !== 'object') return this.#text(String(value));
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
    if (this.#above.has(value)) return '(itself)';
    if (depth >= MAX_DEPTH) {
      this.isTruncated = true;
      return '(too deep)';
    }
    if (value instanceof Map) return this.#pairs(value, value, depth + 1);
    if (Array.isArray(value) || value instanceof Set) return this.#list(value, depth + 1);
    return this.record(value, depth + 1);
  }

  #list(source: Iterable<unknown> & object, depth: number): PlainValue[] {
    const items: PlainValue[] = [];
    this.#inside(source, () => {
      for (const item of source) {
        if (!this.#hasRoom()) break;
        items.push(isLeftOut(item) ? null : this.#value(item, depth));
      }
    });
    return items;
  }

  #pairs(source: object, pairs: Iterable<readonly [unknown, unknown]>, depth: number): PlainRecord {
    const entries: [string, PlainValue][] = [];
    this.#inside(source, () => {
      for (const [key, value] of pairs) {
        if (isLeftOut(value)) continue;
        if (!this.#hasRoom()) break;
        entries.push([this.#text(String(key)), this.#value(value, depth)]);
      }
    });
    // fromEntries, unlike an assignment, makes even `__proto__` an ordinary key.
    return Object.fromEntries(entries);
  }

  #inside(container: object, copy: () => void): void {
    this.#above.add(container);
    copy();
    this.#above.delete(container);
  }

  #hasRoom(): boolean {
    if (this.#left === 0) {
      this.isTruncated = true;
      return false;
    }
    this.#left--;
    return true;
  }

  #text(text: string): string {
    if (text.length <= MAX_TEXT) return text;
    this.isTruncated = true;
    return `${text.slice(0, MAX_TEXT - 1)}…`;
  }
}

function* pairsOf(source: object): Generator<readonly [string, unknown]> {
  for (const key of Object.keys(source)) yield [key, (source as Record<string, unknown>)[key]];
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isLeftOut(value: unknown): boolean {
  return value === undefined || typeof value === 'function' || typeof value === 'symbol';
}

/** Every number among the figures, by its path: `dispatchedByClass.HIGH`. What is true is 1, what is false 0. */
export function* numbersAmong(figures: PlainRecord, path = ''): Generator<readonly [string, number]> {
  for (const [key, value] of Object.entries(figures)) {
    const name = path === '' ? key : `${path}.${key}`;
    if (typeof value === 'number') yield [name, value];
    else if (typeof value === 'boolean') yield [name, Number(value)];
    else if (value !== null && typeof value === 'object' && !isList(value)) yield* numbersAmong(value, name);
  }
}

function isList(value: PlainRecord | readonly PlainValue[]): value is readonly PlainValue[] {
  return Array.isArray(value);
}
