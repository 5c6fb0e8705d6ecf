/** How few nodes any plan needs for a number of pipelines: what no search can go below. */

import type { SearchBudget } from './budget.ts';
import type { ByPlace, Kind } from './candidate.ts';
import { type Cover, minimalCovers } from './covers.ts';
import { dualPrices } from './simplex.ts';

/** The fewest nodes that k pipelines could possibly do with; Infinity where k cannot be. */
export type NodesAtLeast = (pipelines: number) => number;

/** Of several bounds the best. */
export function strongest(bounds: readonly NodesAtLeast[]): NodesAtLeast {
  return (pipelines) => bounds.reduce((most, bound) => Math.max(most, bound(pipelines)), pipelines);
}

/**
 * By memory alone: a pipeline needs the model's layers and what its two ends cost at the least, and the m largest nodes have to hold that
 * k times. What one node holds beyond one pipeline's need is of no use, so it is not counted. Capacities must not be cut off at the model's
 * size: who holds the model alone has room for both ends as well.
 */
export function memoryBound(nodes: readonly ByPlace[], modelLayers: number): NodesAtLeast {
  const need = modelLayers + leastEnds(nodes, modelLayers);
  const sums = nodes
    .map(({ middle }) => Math.min(middle, need))
    .filter((layers) => layers >= 1)
    .sort((a, b) => b - a);
  let total = 0;
  for (let at = 0; at < sums.length; at++) {
    total += sums[at]!;
    sums[at] = total;
  }
  return (pipelines) => {
    const wanted = pipelines * need;
    if (!Number.isFinite(need) || wanted > total) return Infinity;
    let [low, high] = [0, sums.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle]! >= wanted) high = middle;
      else low = middle + 1;
    }
    return Math.max(pipelines, low + 1);
  };
}

/** The fewest layers that embedding and head cost any pipeline. */
function leastEnds(nodes: readonly ByPlace[], modelLayers: number): number {
  const alone = least(nodes.map((node) => (node.alone >= modelLayers ? node.middle - node.alone : Infinity)));
  const first = least(nodes.map((node) => (node.first >= 1 ? node.middle - node.first : Infinity)));
  const last = least(nodes.map((node) => (node.last >= 1 ? node.middle - node.last : Infinity)));
  return Math.min(alone, first + last);
}

function least(values: readonly number[]): number {
  return values.reduce((best, value) => Math.min(best, value), Infinity);
}

/** What a pipeline is worth against a node; each gives one line under the curve of fewest nodes. */
const WORTHS = [1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128, 512, 4096];
const MOST_COVERS = 2_000;
const MOST_KINDS = 8;

/**
 * The configuration programme (Gilmore & Gomory 1961) relaxed to fractions of pipelines. Any prices of nodes give a bound: if no pipeline
 * costs less than w at `1 + price` a node, then k pipelines take at least w·k − Σ price·nodes. Its prices are found by the simplex, and w
 * is then looked up over all covers, so that rounding cannot make the bound wrong. Many kinds of nodes are rounded up to few first.
 */
export function configurationBound(
  exactKinds: readonly Kind[],
  modelLayers: number,
  budget: SearchBudget,
): NodesAtLeast | undefined {
  for (let levels = MOST_KINDS; levels >= 2; levels -= 2) {
    const kinds = roundedUp(exactKinds, levels);
    const covers = minimalCovers(kinds, modelLayers, MOST_COVERS, budget);
    if (covers !== undefined) return fromCovers(kinds, covers, budget);
  }
  return undefined;
}

export function fromCovers(
  kinds: readonly Kind[],
  covers: readonly Cover[],
  budget: SearchBudget,
): NodesAtLeast {
  if (covers.length === 0) return () => Infinity;
  const limits = kinds.map(({ members }) => members.length);
  const columns = covers.map(({ counts }) => counts);
  const lines: { readonly perPipeline: number; readonly less: number }[] = [];
  const farthest: { readonly perPipeline: number; readonly total: number }[] = [];
  for (const worth of WORTHS) {
    if (!budget.spend(covers.length * limits.length * 20)) break;
    const prices = dualPrices(
      columns,
      covers.map(({ size }) => worth - size),
      limits,
    );
    const total = limits.reduce((sum, limit, kind) => sum + limit * prices[kind]!, 0);
    const priceOf = (counts: readonly number[]) =>
      counts.reduce((sum, count, kind) => sum + count * prices[kind]!, 0);
    lines.push({
      perPipeline: covers.reduce(
        (best, { counts, size }) => Math.min(best, priceOf(counts) + size),
        Infinity,
      ),
      less: total,
    });
    farthest.push({
      perPipeline: covers.reduce((best, { counts }) => Math.min(best, priceOf(counts)), Infinity),
      total,
    });
  }
  return (pipelines) => {
    const isTooMany = farthest.some(
      ({ perPipeline, total }) => perPipeline > 0 && pipelines * perPipeline > total * (1 + 1e-9),
    );
    if (isTooMany) return Infinity;
    return lines.reduce(
      (most, { perPipeline, less }) => Math.max(most, Math.ceil(pipelines * perPipeline - less - 1e-6)),
      pipelines,
    );
  };
}

/** At most `levels` kinds; a node counts as the largest of its level, in each place. */
function roundedUp(kinds: readonly Kind[], levels: number): readonly Kind[] {
  if (kinds.length <= levels) return kinds;
  const perLevel = Math.ceil(kinds.length / levels);
  return Array.from({ length: Math.ceil(kinds.length / perLevel) }, (_, level) => {
    const among = kinds.slice(level * perLevel, (level + 1) * perLevel);
    const most = (place: keyof ByPlace) => Math.max(...among.map(({ layers }) => layers[place]));
    return {
      layers: { middle: most('middle'), first: most('first'), last: most('last'), alone: most('alone') },
      members: among.flatMap(({ members }) => members),
    };
  });
}
