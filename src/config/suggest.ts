/** "Did you mean …": the known word nearest to what was written. */

import { editDistance } from '../domain/index.ts';

/** With thousands of names and thousands of mistakes, looking at all would take minutes. */
const MAX_LOOKED_AT = 200;
const MAX_LISTED = 20;

/** The nearest of `known` (of its first 200), or `undefined` when none is near enough to be meant. */
export function suggest(written: string, allKnown: readonly string[]): string | undefined {
  const known = allKnown.slice(0, MAX_LOOKED_AT);
  const wanted = normalise(written);
  if (wanted === '') return undefined;
  let nearest: string | undefined;
  // At least one letter must be right.
  let nearestDistance = Math.min(wanted.length, Math.max(1, Math.floor(wanted.length / 3)) + 1);
  for (const candidate of known) {
    const distance = distanceOf(wanted, normalise(candidate));
    if (distance < nearestDistance) {
      nearest = candidate;
      nearestDistance = distance;
    }
  }
  return nearest ?? known.find((candidate) => sharesBeginning(wanted, normalise(candidate)));
}

/** The names in one line, the first twenty where there are more. */
export function listNames(names: readonly string[]): string {
  const shown = names.length > MAX_LISTED ? [...names.slice(0, MAX_LISTED), '…'] : names;
  return shown.join(', ');
}

/** Case and the styles of joining words (`max_requests`, `max-requests`) do not count. */
function normalise(word: string): string {
  return word.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** `timeout` for `timeoutMs`, `intervalSeconds` for `interval…`: a whole word shared, the unit differs. */
function sharesBeginning(a: string, b: string): boolean {
  const [shorter, longer] = a.length < b.length ? [a, b] : [b, a];
  return shorter.length >= 4 && longer.startsWith(shorter);
}

/** Words of very different or great length cannot be meant, and would take long to compare. */
function distanceOf(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 8 || a.length > 64) return Number.POSITIVE_INFINITY;
  return editDistance(a, b);
}
