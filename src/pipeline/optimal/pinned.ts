/** Nodes that must be used, put into pipelines that were planned without regard to them. */

import type { Candidate } from './candidate.ts';
import { mostLayers } from './ends.ts';
import type { PipelineSets } from './front.ts';

export type IncludedSets =
  | { readonly ok: true; readonly sets: readonly (readonly Candidate[])[] }
  | { readonly ok: false; readonly nodeId: string; readonly message: string };

/** In place of another node where that holds the model too, else as one more stage. */
export function includePinned(
  groups: readonly (readonly Candidate[])[],
  setsOf: readonly PipelineSets[],
  pinned: ReadonlySet<string>,
  modelLayers: number,
  usedIds: ReadonlySet<string>,
): IncludedSets {
  const sets: (readonly Candidate[])[] = [];
  for (const [at, group] of groups.entries()) {
    const own: (readonly Candidate[])[] = (setsOf[at] ?? []).map((members) =>
      members.map((index) => group[index]!),
    );
    const isPinned = ({ node }: Candidate) => pinned.has(node.id) && !usedIds.has(node.id);
    for (const wanted of group.filter(isPinned)) {
      if (own.some((members) => members.includes(wanted))) continue;
      const changed = replaced(own, wanted, modelLayers, isPinned) ?? added(own, wanted, modelLayers);
      if (changed === undefined) {
        const { id } = wanted.node;
        return { ok: false, nodeId: id, message: `node "${id}" is pinned, but no pipeline has a use for it` };
      }
      own[changed.at] = changed.members;
    }
    sets.push(...own);
  }
  return { ok: true, sets };
}

interface Change {
  readonly at: number;
  readonly members: readonly Candidate[];
}

/** For the smallest node that can be spared. */
function replaced(
  sets: readonly (readonly Candidate[])[],
  wanted: Candidate,
  modelLayers: number,
  isPinned: (candidate: Candidate) => boolean,
): Change | undefined {
  for (const [at, members] of sets.entries()) {
    const smallestFirst = [...members].sort((a, b) => a.layers.middle - b.layers.middle);
    for (const spared of smallestFirst) {
      if (isPinned(spared)) continue;
      const next = members.map((member) => (member === spared ? wanted : member));
      if (holds(next, modelLayers)) return { at, members: next };
    }
  }
  return undefined;
}

function added(
  sets: readonly (readonly Candidate[])[],
  wanted: Candidate,
  modelLayers: number,
): Change | undefined {
  for (const [at, members] of sets.entries()) {
    const next = [...members, wanted];
    if (next.length <= modelLayers && holds(next, modelLayers)) return { at, members: next };
  }
  return undefined;
}

function holds(members: readonly Candidate[], modelLayers: number): boolean {
  return mostLayers(members.map(({ layers }) => layers)) >= modelLayers;
}
