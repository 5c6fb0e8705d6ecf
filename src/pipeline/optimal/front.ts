/** For each number of pipelines the fewest nodes that were found, and the fewest that could be. */

import { type Random, randomIndex, seededRandom } from '../../domain/random.ts';
import type { SearchBudget } from './budget.ts';
import { type ByPlace, type Kind, kindsOf } from './candidate.ts';
import { type Cover, minimalCovers } from './covers.ts';
import { mostLayers } from './ends.ts';
import { exactFront, statesOf } from './exact-front.ts';
import { configurationBound, fromCovers, memoryBound, type NodesAtLeast, strongest } from './front-bound.ts';
import { pack } from './pack.ts';

/** The nodes of each pipeline, by index. */
export type PipelineSets = readonly (readonly number[])[];

export interface Front {
  /** At k − 1 the best k pipelines found; absent where none were. */
  readonly found: readonly (PipelineSets | undefined)[];
  readonly atLeast: NodesAtLeast;
  readonly wasCutShort: boolean;
}

/** So few that the whole front is found exactly at once. */
const TINY_STATES = 5_000;
const MOST_KINDS = 14;
const MOST_COVERS = 2_000;
const MOST_EXACT_CELLS = 8_000_000;
const MOST_EXACT_STEPS = 60_000_000;
const MOST_TARGETS = 12;
const PREFIXES_PER_TARGET = 4;
const MOST_RANDOM_PACKINGS = 200;

/** `atBest` are the same nodes with the layers that they could hold at most, where layers differ in size. */
export function searchFront(
  nodes: readonly ByPlace[],
  atBest: readonly ByPlace[],
  modelLayers: number,
  budget: SearchBudget,
): Front {
  return new FrontSearch(nodes, atBest, modelLayers, budget).run();
}

class FrontSearch {
  readonly #nodes: readonly ByPlace[];
  readonly #atBest: readonly ByPlace[];
  readonly #modelLayers: number;
  readonly #budget: SearchBudget;
  readonly #random: Random = seededRandom(1);
  readonly #found: (PipelineSets | undefined)[] = [];
  readonly #size: number[] = [];
  #atLeast: NodesAtLeast;

  constructor(
    nodes: readonly ByPlace[],
    atBest: readonly ByPlace[],
    modelLayers: number,
    budget: SearchBudget,
  ) {
    this.#nodes = nodes;
    this.#atBest = atBest;
    this.#modelLayers = modelLayers;
    this.#budget = budget;
    this.#atLeast = strongest([memoryBound(atBest, modelLayers)]);
  }

  run(): Front {
    const kinds = kindsOf(this.#nodes, this.#modelLayers);
    if (statesOf(kinds) <= TINY_STATES && this.#exact(kinds, this.#covers(kinds))) return this.#front(false);
    const largestFirst = this.#largestFirst();
    this.#packPrefix(largestFirst, largestFirst.length);
    if (this.#isClosed()) return this.#front(false);
    const covers = this.#covers(kinds);
    this.#tighten(kinds, covers);
    this.#packPrefixes(largestFirst);
    if (this.#isClosed() || this.#exact(kinds, covers)) return this.#front(false);
    this.#packAtRandom(largestFirst);
    return this.#front(!this.#isClosed());
  }

  #covers(kinds: readonly Kind[]): readonly Cover[] | undefined {
    if (kinds.length > MOST_KINDS) return undefined;
    return minimalCovers(kinds, this.#modelLayers, MOST_COVERS, this.#budget);
  }

  #front(wasCutShort: boolean): Front {
    return { found: this.#found, atLeast: this.#atLeast, wasCutShort };
  }

  /** Whether no other number of pipelines could do better by pipelines² per node. */
  #isClosed(): boolean {
    return this.#promising().length === 0;
  }

  /** Numbers of pipelines that may still beat the best found, the most promising first. */
  #promising(): readonly number[] {
    const best = this.#size.reduce((most, size, at) => Math.max(most, (at + 1) ** 2 / size), 0);
    const values: { readonly k: number; readonly atMost: number }[] = [];
    for (let k = 1; Number.isFinite(this.#atLeast(k)); k++) {
      const atMost = k ** 2 / this.#atLeast(k);
      if (atMost > best * (1 + 1e-9)) values.push({ k, atMost });
    }
    return values.sort((a, b) => b.atMost - a.atMost).map(({ k }) => k);
  }

  get #most(): number {
    let k = 0;
    while (Number.isFinite(this.#atLeast(k + 1))) k++;
    return k;
  }

  /** False when that is too much to do, or the budget ended before. */
  #exact(kinds: readonly Kind[], covers: readonly Cover[] | undefined): boolean {
    const cells = statesOf(kinds) * (this.#most + 1);
    if (covers === undefined || cells > MOST_EXACT_CELLS) return false;
    if ((cells * covers.length) / Math.max(1, kinds.length) > MOST_EXACT_STEPS) return false;
    const front = exactFront(kinds, covers, this.#most, this.#budget);
    if (front === undefined) return false;
    for (const taken of front) this.#keep(membersOf(kinds, taken));
    if (this.#nodes === this.#atBest) {
      const exact = front.map((taken) => taken.reduce((sum, { size }) => sum + size, 0));
      this.#atLeast = (pipelines) => exact[pipelines - 1] ?? Infinity;
    }
    return true;
  }

  /** Of as many of the largest nodes as k pipelines need at the least, and a few more. */
  #packPrefixes(largestFirst: readonly number[]): void {
    for (const k of this.#promising().slice(0, MOST_TARGETS)) {
      const fewest = this.#atLeast(k);
      for (let length = fewest; length < fewest + PREFIXES_PER_TARGET; length++) {
        if (length >= (this.#size[k - 1] ?? Infinity) || length > largestFirst.length) break;
        if (!this.#packPrefix(largestFirst, length, k)) return;
      }
    }
  }

  /** Leaves nodes out and begins pipelines at random, for what the systematic way misses. */
  #packAtRandom(largestFirst: readonly number[]): void {
    for (let round = 0; round < MOST_RANDOM_PACKINGS; round++) {
      const promising = this.#promising();
      const k = promising[round % promising.length];
      if (k === undefined) return;
      const fewest = this.#atLeast(k);
      const room = Math.min(largestFirst.length, (this.#size[k - 1] ?? Infinity) - 1) - fewest;
      if (room < 0) continue;
      const length = fewest + randomIndex(this.#random, room + 1);
      const firstOf = (left: number) => Math.floor(this.#random.next() ** 3 * left);
      if (!this.#packPrefix(largestFirst, length, k, firstOf)) return;
    }
  }

  #largestFirst(): readonly number[] {
    return this.#nodes
      .map((_, index) => index)
      .filter((index) => this.#nodes[index]!.middle >= 1)
      .sort((a, b) => this.#nodes[b]!.middle - this.#nodes[a]!.middle || a - b);
  }

  /** False when the budget is used up. */
  #packPrefix(
    order: readonly number[],
    length: number,
    pipelines = Infinity,
    firstOf?: (left: number) => number,
  ): boolean {
    const prefix = order.slice(0, length);
    const places = prefix.map((index) => this.#nodes[index]!);
    const sets = pack(places, this.#modelLayers, pipelines, this.#budget, firstOf);
    this.#keep(sets.map((members) => this.#withoutSpare(members.map((at) => prefix[at]!))));
    return this.#budget.spend(order.length);
  }

  /** Drops nodes that the pipeline does not need, the smallest first. */
  #withoutSpare(members: readonly number[]): readonly number[] {
    let kept = members;
    for (const index of [...members].sort((a, b) => this.#nodes[a]!.middle - this.#nodes[b]!.middle)) {
      const rest = kept.filter((other) => other !== index);
      if (rest.length === 0) continue;
      if (mostLayers(rest.map((at) => this.#nodes[at]!)) >= this.#modelLayers) kept = rest;
    }
    return kept;
  }

  /** The k smallest of these pipelines may be the best k pipelines found so far, for each k. */
  #keep(sets: PipelineSets): void {
    const smallestFirst = [...sets].sort((a, b) => a.length - b.length);
    let size = 0;
    for (const [at, members] of smallestFirst.entries()) {
      size += members.length;
      if (size >= (this.#size[at] ?? Infinity)) continue;
      this.#size[at] = size;
      this.#found[at] = smallestFirst.slice(0, at + 1);
    }
  }

  #tighten(kinds: readonly Kind[], covers: readonly Cover[] | undefined): void {
    const bound =
      covers !== undefined && this.#nodes === this.#atBest
        ? fromCovers(kinds, covers, this.#budget)
        : configurationBound(kindsOf(this.#atBest, this.#modelLayers), this.#modelLayers, this.#budget);
    if (bound !== undefined) this.#atLeast = strongest([this.#atLeast, bound]);
  }
}

function membersOf(kinds: readonly Kind[], taken: readonly Cover[]): PipelineSets {
  const left = kinds.map(({ members }) => [...members]);
  return taken.map(({ counts }) =>
    counts.flatMap((count, kind) => (count === 0 ? [] : left[kind]!.splice(0, count))),
  );
}
