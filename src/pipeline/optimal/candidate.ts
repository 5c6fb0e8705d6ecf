/** What the search knows of a node: how many layers it can hold, how long they take, and what it costs. */

import type { PipelineNode } from '../node.ts';

/** A number for each of the four places in a pipeline. */
export interface ByPlace {
  readonly middle: number;
  readonly first: number;
  readonly last: number;
  /** First and last at once: a pipeline of one node. */
  readonly alone: number;
}

export interface Candidate {
  readonly node: PipelineNode;
  /** Layers it can hold wherever they lie in the model; none of them below 0. */
  readonly layers: ByPlace;
  /** Layers it could hold at the very best, where layers differ in size; for the bound. */
  readonly layersAtMost: ByPlace;
  /** Its time for a layer; the mean, where layers differ. */
  readonly layerMs: number;
  /** Its time for each layer, where layers differ. */
  readonly layerTimesMs?: readonly number[];
  /** What embedding and head add to its stage; `middle` is 0. */
  readonly endMs: ByPlace;
  /** Tokens whose cache it has room for, times the layers that it holds. */
  readonly cacheTokenLayers: number;
}

/** Nodes that are alike in how many layers they can hold. */
export interface Kind {
  readonly layers: ByPlace;
  readonly members: readonly number[];
}

export const PLACES = ['middle', 'first', 'last', 'alone'] as const;

/** Largest first. What exceeds the model is cut off, so that all nodes that hold it whole are one kind. */
export function kindsOf(layersOf: readonly ByPlace[], modelLayers: number): readonly Kind[] {
  const kinds = new Map<string, { layers: ByPlace; members: number[] }>();
  for (const [index, layers] of layersOf.entries()) {
    const cut = atMost(layers, modelLayers);
    if (cut.middle < 1) continue;
    const key = PLACES.map((place) => cut[place]).join();
    const kind = kinds.get(key);
    if (kind) kind.members.push(index);
    else kinds.set(key, { layers: cut, members: [index] });
  }
  return [...kinds.values()].sort((a, b) => comparePlaces(b.layers, a.layers));
}

function atMost(layers: ByPlace, most: number): ByPlace {
  const cut = (value: number) => Math.max(0, Math.min(value, most));
  return {
    middle: cut(layers.middle),
    first: cut(layers.first),
    last: cut(layers.last),
    alone: cut(layers.alone),
  };
}

function comparePlaces(a: ByPlace, b: ByPlace): number {
  for (const place of PLACES) if (a[place] !== b[place]) return a[place] - b[place];
  return 0;
}
