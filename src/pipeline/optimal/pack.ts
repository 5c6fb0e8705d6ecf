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
    const first = bySize.take(firstOf(bySize.count));
    if (first === undefined) break;
    const members = complete(nodes, first, bySize, modelLayers, budget);
    if (members !== undefined) pipelines.push(members);
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
  const membersWith = (sizes: ReadonlyMap<number, number>) => [first, ...shelves.peek(sizes)];
  let target = Math.max(1, modelLayers - place.middle);
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const sizes = shelves.leastWaste(target, budget);
    if (sizes === undefined) break;
    const members = membersWith(sizes);
    const layers = mostLayers(members.map((index) => nodes[index]!));
    if (layers >= modelLayers && members.length <= modelLayers) {
      shelves.remove(sizes);
      return members;
    }
    target += layers > 0 && layers < modelLayers ? modelLayers - layers : 1;
  }
  // What wastes least may be nodes that can be no ends. The largest can, if any.
  for (let count = 1; count <= Math.min(shelves.count, modelLayers - 1); count++) {
    const sizes = shelves.largest(count);
    const members = membersWith(sizes);
    if (mostLayers(members.map((index) => nodes[index]!)) < modelLayers) continue;
    shelves.remove(sizes);
    return members;
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

  /** So many of the largest, as a number for each size. */
  largest(count: number): ReadonlyMap<number, number> {
    const sizes = new Map<number, number>();
    let left = count;
    for (let size = this.#most; size > 0 && left > 0; size--) {
      const taken = Math.min(left, this.#shelves[size]!.length);
      if (taken > 0) sizes.set(size, taken);
      left -= taken;
    }
    return sizes;
  }

  /** How many of each size make the least sum that is at least `target`; `undefined` when all together do not. */
  leastWaste(target: number, budget: SearchBudget): ReadonlyMap<number, number> | undefined {
    const sizes: number[] = [];
    for (let size = this.#most; size > 0; size--) if (this.#shelves[size]!.length > 0) sizes.push(size);
    const all = sizes.reduce((sum, size) => sum + size * this.#shelves[size]!.length, 0);
    if (all < target) return undefined;
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
