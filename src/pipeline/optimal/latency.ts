/** How fast one request gets through a pipeline, when layers go to the fastest of its nodes. */

import type { Candidate } from './candidate.ts';
import { layersWithin } from './split.ts';
import { type LinkMs, orderBetween, pathMs } from './stage-order.ts';

export interface FastestChain {
  readonly ms: number;
  /** Positions among the members, in order. */
  readonly order: readonly number[];
  /** Layers of each stage, in that order. */
  readonly layers: readonly number[];
}

/** Up to so many nodes every pair of ends is tried with the fastest order between them. */
const MOST_EXACT = 8;
/** Among more, so many that take the least time and so many that lose the fewest layers. */
const MOST_ENDS = 3;

/** `undefined` where the members cannot hold the model. */
export function fastestChain(
  members: readonly Candidate[],
  modelLayers: number,
  linkMs: LinkMs,
): FastestChain | undefined {
  const count = members.length;
  if (count > modelLayers) return undefined;
  let best: FastestChain | undefined;
  for (const [first, last] of endsToTry(members)) {
    const layers = fill(members, modelLayers, first, last);
    if (layers === undefined) continue;
    const stagesMs = members.reduce(
      (sum, { layerMs }, at) => sum + layers[at]! * layerMs,
      count === 1 ? members[0]!.endMs.alone : members[first]!.endMs.first + members[last]!.endMs.last,
    );
    if (stagesMs >= (best?.ms ?? Infinity)) continue;
    const order = orderBetween(count, linkMs, first, last);
    const ms = stagesMs + pathMs(order, linkMs);
    if (ms < (best?.ms ?? Infinity)) best = { ms, order, layers: order.map((at) => layers[at]!) };
  }
  return best;
}

function endsToTry(members: readonly Candidate[]): readonly (readonly [number, number])[] {
  if (members.length === 1) return [[0, 0]];
  const pairs = members.flatMap((a, first) =>
    members.flatMap((b, last) =>
      first === last ? [] : [{ first, last, ms: a.endMs.first + b.endMs.last, lost: lostLayers(a, b) }],
    ),
  );
  if (members.length <= MOST_EXACT) return pairs.map(({ first, last }) => [first, last] as const);
  const best = (by: 'ms' | 'lost') => [...pairs].sort((a, b) => a[by] - b[by]).slice(0, MOST_ENDS);
  return [...best('ms'), ...best('lost')].map(({ first, last }) => [first, last] as const);
}

function lostLayers(first: Candidate, last: Candidate): number {
  return first.layers.middle - first.layers.first + last.layers.middle - last.layers.last;
}

/** One layer each, and the others to the fastest that have room. */
function fill(
  members: readonly Candidate[],
  modelLayers: number,
  first: number,
  last: number,
): readonly number[] | undefined {
  const most = members.map((member, at) =>
    layersWithin(
      member,
      members.length === 1 ? 'alone' : at === first ? 'first' : at === last ? 'last' : 'middle',
      Infinity,
    ),
  );
  if (most.some((layers) => layers < 1)) return undefined;
  const layers = members.map(() => 1);
  let left = modelLayers - members.length;
  const fastestFirst = members.map((_, at) => at).sort((a, b) => members[a]!.layerMs - members[b]!.layerMs);
  for (const at of fastestFirst) {
    const more = Math.min(left, most[at]! - 1);
    layers[at]! += more;
    left -= more;
  }
  return left === 0 ? layers : undefined;
}

/** No pipeline of these nodes is faster: all layers on the fastest of them, without links. */
export function latencyBound(candidates: readonly Candidate[], modelLayers: number): number {
  const fastestFirst = [...candidates].sort((a, b) => a.layerMs - b.layerMs);
  const leastEnds = candidates.reduce(
    (least, { endMs }) => ({
      first: Math.min(least.first, endMs.first),
      last: Math.min(least.last, endMs.last),
      alone: Math.min(least.alone, endMs.alone),
    }),
    { first: Infinity, last: Infinity, alone: Infinity },
  );
  let ms = Math.min(leastEnds.alone, leastEnds.first + leastEnds.last);
  let left = modelLayers;
  for (const { layersAtMost, layerMs } of fastestFirst) {
    const layers = Math.min(left, Math.max(0, layersAtMost.middle));
    ms += layers * layerMs;
    left -= layers;
  }
  return left > 0 ? Infinity : ms;
}
