/** Every set of nodes that holds the model and would not without any of them, by kinds of nodes. */

import type { SearchBudget } from './budget.ts';
import type { ByPlace, Kind } from './candidate.ts';
import { mostLayers } from './ends.ts';

/** How many nodes of each kind. */
export interface Cover {
  readonly counts: readonly number[];
  readonly size: number;
}

/**
 * `undefined` when there are more than `limit`, or the budget ends. Kinds come largest first, so a cover is found before any of its
 * supersets, and a search that stops at the first node that completes the model misses none (Assmann et al. 1984 call them minimal).
 */
export function minimalCovers(
  kinds: readonly Kind[],
  modelLayers: number,
  limit: number,
  budget: SearchBudget,
): readonly Cover[] | undefined {
  const covers: Cover[] = [];
  const counts = kinds.map(() => 0);
  const chosen: ByPlace[] = [];
  let isWhole = true;

  const extend = (from: number): void => {
    for (let kind = from; kind < kinds.length && isWhole; kind++) {
      if (counts[kind]! >= kinds[kind]!.members.length) continue;
      if (chosen.length >= modelLayers) return;
      counts[kind]!++;
      chosen.push(kinds[kind]!.layers);
      if (!budget.spend(4 * chosen.length)) isWhole = false;
      else if (mostLayers(chosen) < modelLayers) extend(kind);
      else if (isMinimal(kinds, counts, modelLayers)) {
        if (covers.length >= limit) isWhole = false;
        else covers.push({ counts: [...counts], size: chosen.length });
      }
      chosen.pop();
      counts[kind]!--;
    }
  };

  extend(0);
  return isWhole ? covers : undefined;
}

function isMinimal(kinds: readonly Kind[], counts: readonly number[], modelLayers: number): boolean {
  for (let without = 0; without < kinds.length; without++) {
    if (counts[without] === 0) continue;
    const rest: ByPlace[] = [];
    for (let kind = 0; kind < kinds.length; kind++) {
      const count = counts[kind]! - (kind === without ? 1 : 0);
      for (let node = 0; node < count; node++) rest.push(kinds[kind]!.layers);
    }
    if (rest.length > 0 && mostLayers(rest) >= modelLayers) return false;
  }
  return true;
}
