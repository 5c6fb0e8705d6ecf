/** What an address answered on each of the paths it was asked for. */

import type { PageOutcome } from '../pages/page-client.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export interface Answers {
  /** The outcomes by path, in the order asked. */
  readonly outcomes: ReadonlyMap<string, PageOutcome>;
  /** The page as JSON; `undefined` when it was not there or is none. */
  json(path: string): unknown;
  /** The page as a JSON object, `{}` when it was not there or is none. */
  object(path: string): JsonObject;
  /** The page as text, '' when it was not there. */
  text(path: string): string;
}

export function createAnswers(outcomes: ReadonlyMap<string, PageOutcome>): Answers {
  function text(path: string): string {
    const outcome = outcomes.get(path);
    return outcome?.ok ? outcome.body.toString('utf8') : '';
  }

  function json(path: string): unknown {
    try {
      return JSON.parse(text(path));
    } catch {
      // Not JSON is an ordinary answer here: most engines lack most of the pages.
      return undefined;
    }
  }

  return { outcomes, text, json, object: (path) => asObject(json(path)) };
}

/** `value` when it is an object, otherwise an empty one. */
export function asObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A whole number above zero, also when it is written as text. */
export function asCount(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number > 0 ? number : undefined;
}
