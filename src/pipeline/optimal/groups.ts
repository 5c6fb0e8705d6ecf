/** Groups of nodes whose pipelines are planned apart, and how the plans of all groups become one. */

import type { PipelineNode } from '../node.ts';
import type { Candidate } from './candidate.ts';
import type { Front, PipelineSets } from './front.ts';
import type { FoundSets } from './sets.ts';

/** Nodes that agree in these labels; without a label they agree with others without it. */
export function groupsBy(
  candidates: readonly Candidate[],
  labels: readonly string[],
): readonly (readonly Candidate[])[] {
  const groups = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const key = groupKey(candidate.node, labels);
    groups.set(key, [...(groups.get(key) ?? []), candidate]);
  }
  return [...groups.values()];
}

export function groupKey(node: PipelineNode, labels: readonly string[]): string {
  return JSON.stringify(labels.map((label) => node.labels[label] ?? null));
}

export interface CombinedSets {
  /** Per group. */
  readonly sets: readonly PipelineSets[];
  readonly atMost: number;
}

/** So many pipelines are there already, of so many nodes. */
export interface Given {
  readonly pipelines: number;
  readonly stages: number;
}

/**
 * Which number of pipelines each group should have, for the most pipelines² per node of all together: fewest nodes for each total, group by
 * group. The same sum over what the groups need at the least is the bound.
 */
export function combineFronts(fronts: readonly Front[], given: Given): CombinedSets {
  const found = addUp(
    fronts.map(({ found: sets }) =>
      sets.map((chosen) => chosen?.reduce((sum, { length }) => sum + length, 0)),
    ),
  );
  const atLeast = addUp(fronts.map(leastOf));
  const value = (pipelines: number, stages: number) =>
    (pipelines + given.pipelines) ** 2 / Math.max(1, stages + given.stages);
  let best = 0;
  for (const [k, { stages }] of found.entries()) {
    if (stages < Infinity && value(k, stages) > value(best, found[best]!.stages) * (1 + 1e-12)) best = k;
  }
  return {
    sets: found[best]!.counts.map((count, group) => fronts[group]!.found[count - 1] ?? []),
    atMost: atLeast.reduce((most, { stages }, k) => Math.max(most, value(k, stages)), 0),
  };
}

function leastOf({ atLeast }: Front): readonly number[] {
  const least: number[] = [];
  for (let k = 1; Number.isFinite(atLeast(k)); k++) least.push(atLeast(k));
  return least;
}

interface Total {
  readonly stages: number;
  /** Pipelines of each group. */
  readonly counts: readonly number[];
}

/** At k the fewest stages of k pipelines; each list holds at k − 1 those of one group. */
function addUp(groups: readonly (readonly (number | undefined)[])[]): readonly Total[] {
  let totals: Total[] = [{ stages: 0, counts: [] }];
  for (const group of groups) {
    const next: Total[] = totals.map(({ stages, counts }) => ({ stages, counts: [...counts, 0] }));
    for (const [before, { stages, counts }] of totals.entries()) {
      for (const [at, own] of group.entries()) {
        if (own === undefined || stages === Infinity) continue;
        const k = before + at + 1;
        while (next.length <= k) next.push({ stages: Infinity, counts: [] });
        if (stages + own < next[k]!.stages) next[k] = { stages: stages + own, counts: [...counts, at + 1] };
      }
    }
    totals = next;
  }
  return totals;
}

/** How the groups' results add up, for the objectives that are not about numbers of pipelines. */
export const COMBINED: Readonly<
  Record<'throughput' | 'latency' | 'cost', (groups: readonly FoundSets[]) => CombinedSets>
> = {
  throughput: (groups) => ({
    sets: groups.map(({ sets }) => sets),
    atMost: groups.reduce((sum, { atMost }) => sum + atMost, 0),
  }),
  latency: (groups) => ({
    sets: groups.map(({ sets }) => sets),
    atMost: groups.reduce((most, { atMost }) => Math.max(most, atMost), 0),
  }),
  /** Only the group that is cheapest, since any other makes the mean dearer. */
  cost: (groups) => {
    const found = groups.map(({ sets, value }) => (sets.length === 0 ? 0 : value));
    const best = Math.max(...found);
    return {
      sets: groups.map(({ sets }, at) => (found[at]! >= best * (1 - 1e-9) ? sets : [])),
      atMost: groups.reduce((most, { atMost }) => Math.max(most, atMost), 0),
    };
  },
};
