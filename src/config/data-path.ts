/** Looking into plain data by path. */

import type { ConfigPath } from './problem.ts';

/** `undefined` where there is nothing. */
export function valueAt(data: unknown, path: ConfigPath): unknown {
  let value = data;
  for (const step of path) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}
