/** "Did you mean": the name that a mistyped one most likely stands for, and lists of names short enough to read. */

import { editDistance } from '../../domain/index.ts';

const MAX_COMPARED_LENGTH = 96;
const MAX_COMPARED_NAMES = 200;
const MAX_LISTED_NAMES = 20;

/** The nearest of `names`, or `undefined` when none is near. Case and the organisation before a `/` are forgiven. */
export function closestName(wanted: string, names: readonly string[]): string | undefined {
  const target = comparable(wanted);
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(target.length / 3)) + 1;
  for (const name of names.slice(0, MAX_COMPARED_NAMES)) {
    const distance = editDistance(target, comparable(name));
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

/** `a, b, c`, cut off with a count after the first twenty. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, MAX_LISTED_NAMES).join(', ');
  const more = names.length - MAX_LISTED_NAMES;
  return more > 0 ? `${shown} and ${more} more` : shown;
}

function comparable(name: string): string {
  const tail = name.slice(-MAX_COMPARED_LENGTH).toLowerCase();
  return tail.slice(tail.lastIndexOf('/') + 1);
}
