/** Pipelines one after the other, each of the largest node left and of what completes it with the least waste. */

import type { SearchBudget } from './budget.ts';
import type { ByPlace } from './candidate.ts';
import { mostLayers } from './ends.ts';

/** How often a set that falls short, because its ends cost layers, is asked for with as many more. */
const MOST_TRIES = 6;

/**
 * Minimal bin slack (Gupta & Ho 1999) turned to covering: a subset sum over the sizes that are left finds the set with the least waste,
 * and of those the fewest nodes. Returns sets of indices into `nodes`.
 */
export function pack(
  nodes: readonly ByPlace[],
  modelLayers: number,
  mostPipelines: number,
  budget: SearchBudget,
  firstOf: (left: number) => number = () => 0,
): number[][] {
  const bySize = new SizeShelves(nodes, modelLayers);
  const pipelines: number[][] = [];
  while (pipelines.length < mostPipelines) {
    const position = firstOf(bySize.count);
    const first = bySize.take(position);
    if (first === undefined) break;
    const members = complete(nodes, first, bySize, modelLayers, budget);
    if (members !== undefined) pipelines.push(members);
    // Where the largest finds no company no smaller one does; a smaller one is left out.
    else if (position === 0) break;
  }
  return pipelines;
}

function complete(
  nodes: readonly ByPlace[],
  first: number,
  shelves: SizeShelves,
  modelLayers: number,
  budget: SearchBudget,
): number[] | undefined {
  const place = nodes[first]!;
  if (place.alone >= modelLayers) return [first];
  const missing = modelLayers - Math.min(place.middle, modelLayers);
  let target = Math.max(1, missing);
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const sizes = shelves.leastWaste(target, budget);
    if (sizes === undefined) return undefined;
    const members = [first, ...shelves.peek(sizes)];
    const layers = mostLayers(members.map((index) => nodes[index]!));
    if (layers >= modelLayers && members.length <= modelLayers) {
      shelves.remove(sizes);
      return members;
    }
    target += layers > 0 && layers < modelLayers ? modelLayers - layers : 1;
  }
  return undefined;
}

/** Nodes by how many layers they hold in the middle of a pipeline, those that make the best ends on top. */
class SizeShelves {
  readonly #shelves: number[][];
  readonly #most: number;
  count = 0;

  constructor(nodes: readonly ByPlace[], modelLayers: number) {
    this.#most = modelLayers;
    this.#shelves = Array.from({ length: modelLayers + 1 }, () => []);
    for (const [index, { middle }] of nodes.entries()) {
      if (middle < 1) continue;
      this.#shelves[Math.min(middle, modelLayers)]!.push(index);
      this.count++;
    }
    const ends = (index: number) => nodes[index]!.first + nodes[index]!.last;
    for (const shelf of this.#shelves) shelf.sort((a, b) => ends(a) - ends(b) || b - a);
  }

  /** The node that has `position` larger ones before it. */
  take(position: number): number | undefined {
    let before = position;
    for (let size = this.#most; size > 0; size--) {
      const shelf = this.#shelves[size]!;
      if (before < shelf.length) {
        this.count--;
        return shelf.splice(shelf.length - 1 - before, 1)[0];
      }
      before -= shelf.length;
    }
    return undefined;
  }

  peek(sizes: ReadonlyMap<number, number>): number[] {
    return [...sizes].flatMap(([size, count]) => this.#shelves[size]!.slice(-count));
  }

  remove(sizes: ReadonlyMap<number, number>): void {
    for (const [size, count] of sizes) {
      this.#shelves[size]!.splice(-count);
      this.count -= count;
    }
  }

  /** How many of each size make the least sum that is at least `target`; `undefined` when all together do not. */
  leastWaste(target: number, budget: SearchBudget): ReadonlyMap<number, number> | undefined {
    const sizes: number[] = [];
    for (let size = this.#most; size > 0; size--) if (this.#shelves[size]!.length > 0) sizes.push(size);
    const range = target + (sizes[0] ?? 0) + 1;
    let fewest = new Uint16Array(range).fill(NONE);
    fewest[0] = 0;
    const taken: Uint16Array[] = [];
    for (const size of sizes) {
      const next = fewest.slice();
      const used = new Uint16Array(range);
      const most = Math.min(this.#shelves[size]!.length, Math.ceil(target / size));
      if (!budget.spend(range * most)) return undefined;
      for (let count = 1; count <= most; count++) {
        for (let sum = count * size; sum < range; sum++) {
          const nodes = fewest[sum - count * size]! + count;
          if (nodes < next[sum]!) {
            next[sum] = nodes;
            used[sum] = count;
          }
        }
      }
      fewest = next;
      taken.push(used);
    }
    let sum = target;
    while (sum < range && fewest[sum]! >= NONE) sum++;
    if (sum >= range) return undefined;
    const chosen = new Map<number, number>();
    for (let at = sizes.length - 1; at >= 0; at--) {
      const count = taken[at]![sum]!;
      if (count > 0) chosen.set(sizes[at]!, count);
      sum -= count * sizes[at]!;
    }
    return chosen;
  }
}

const NONE = 0x3fff;
