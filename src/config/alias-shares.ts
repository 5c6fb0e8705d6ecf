/** Aliases of aliases followed to their ends, and the circles among them; without recursion, so that no chain is too long. */

import type { AliasTarget } from './config.ts';

/** What each alias stands for, as it is written. */
export type AliasTargets = ReadonlyMap<string, readonly AliasTarget[]>;

export interface FollowedAliases {
  /** By alias, the models at its ends with weights that sum to 1; aliases that lead into a circle are not there. */
  readonly shares: ReadonlyMap<string, readonly AliasTarget[]>;
  /** Each circle once, as the aliases along it, the first in the file first. */
  readonly circles: readonly (readonly string[])[];
}

export function followAliases(aliases: AliasTargets): FollowedAliases {
  const shares = new Map<string, readonly AliasTarget[]>();
  const unresolved = new Map<string, Set<string>>();
  const dependents = new Map<string, string[]>();
  for (const [alias, targets] of aliases) {
    const needed = new Set(targets.map(({ model }) => model).filter((model) => aliases.has(model)));
    unresolved.set(alias, needed);
    for (const model of needed) dependents.set(model, [...(dependents.get(model) ?? []), alias]);
  }
  const ready = [...aliases.keys()].filter((alias) => unresolved.get(alias)?.size === 0);
  for (let alias = ready.pop(); alias !== undefined; alias = ready.pop()) {
    unresolved.delete(alias);
    shares.set(alias, shareOut(aliases.get(alias) ?? [], shares));
    for (const dependent of dependents.get(alias) ?? []) {
      const needed = unresolved.get(dependent);
      needed?.delete(alias);
      if (needed?.size === 0) ready.push(dependent);
    }
  }
  return { shares, circles: circlesIn(unresolved) };
}

function shareOut(
  targets: readonly AliasTarget[],
  shares: ReadonlyMap<string, readonly AliasTarget[]>,
): AliasTarget[] {
  const total = targets.reduce((sum, { weight }) => sum + weight, 0);
  const weights = new Map<string, number>();
  for (const target of targets) {
    for (const { model, weight } of shares.get(target.model) ?? [{ model: target.model, weight: 1 }]) {
      weights.set(model, (weights.get(model) ?? 0) + (weight * target.weight) / total);
    }
  }
  return [...weights].map(([model, weight]) => ({ model, weight }));
}

/** Whoever is left stands for at least one other that is left: following these must come round. */
function circlesIn(unresolved: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const circles: string[][] = [];
  const seen = new Set<string>();
  for (const start of unresolved.keys()) {
    const trail: string[] = [];
    let alias = start;
    while (!seen.has(alias)) {
      seen.add(alias);
      trail.push(alias);
      const [next = alias] = unresolved.get(alias) ?? [];
      alias = next;
    }
    const from = trail.indexOf(alias);
    if (from !== -1) circles.push(trail.slice(from));
  }
  return circles;
}
