/** Keys with nothing behind them, as when everything under them is commented out: the default stays in force. */

import { type JsonSchema, schemasBelow } from './json-schema.ts';

/**
 * Takes out `key:` where the schema has a default for the key, and makes an empty mapping of `name:` where names of one's own stand for
 * mappings. Unknown keys and list elements stay, so that they are complained of.
 */
export function withoutBlanks(data: unknown, schemas: readonly JsonSchema[]): unknown {
  if (Array.isArray(data)) {
    return data.map((item, index) => withoutBlanks(item, schemasBelow(schemas, index)));
  }
  if (data === null || typeof data !== 'object') return data;
  const entries = Object.entries(data).flatMap(([key, value]): [string, unknown][] => {
    const below = schemasBelow(schemas, key);
    if (value !== null) return [[key, withoutBlanks(value, below)]];
    if (schemas.some(({ properties }) => Object.hasOwn(properties ?? {}, key))) return [];
    return [[key, below.some(({ type }) => type === 'object') ? {} : null]];
  });
  return Object.fromEntries(entries);
}
