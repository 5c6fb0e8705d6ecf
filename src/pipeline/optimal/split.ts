/** How many layers each node of a pipeline takes, so that the slowest stage is as fast as it can be: exactly. */

import type { ByPlace, Candidate, PLACES } from './candidate.ts';
import { EndsTally } from './ends.ts';

/** What a division of layers needs to know of a node. */
export type StageCandidate = Pick<Candidate, 'layers' | 'layerMs' | 'endMs'>;

/** For times that are sums and multiples of doubles. */
const ROUNDING = 1e-9;

/**
 * The least time τ in which every stage can be done. Layers are alike, so τ is one of the times that some node takes for a whole number
 * of layers, and what all hold within τ grows with it: a binary search over each node's times. Infinity where they do not hold the model.
 */
export function fastestSlowestStageMs(members: readonly StageCandidate[], modelLayers: number): number {
  let best = Infinity;
  if (!holdWithin(members, modelLayers, Infinity)) return best;
  const places = members.length === 1 ? (['alone'] as const) : (['middle', 'first', 'last'] as const);
  for (const member of members) {
    for (const place of places) {
      const stageMs = (layers: number) => member.endMs[place] + layers * member.layerMs;
      let [low, high] = [1, Math.min(modelLayers, layersWithin(member, place, best * (1 - ROUNDING)))];
      if (high < 1 || !holdWithin(members, modelLayers, stageMs(high))) continue;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (holdWithin(members, modelLayers, stageMs(middle))) high = middle;
        else low = middle + 1;
      }
      best = stageMs(high);
    }
  }
  return best;
}

/** Layers that a node can take in this place within the time. */
export function layersWithin(
  { layers, layerMs, endMs }: StageCandidate,
  place: keyof ByPlace,
  withinMs: number,
): number {
  const inTime =
    withinMs === Infinity ? Infinity : Math.floor((withinMs - endMs[place]) / layerMs + ROUNDING);
  return Math.max(0, Math.min(layers[place], inTime));
}

function holdWithin(members: readonly StageCandidate[], modelLayers: number, withinMs: number): boolean {
  if (members.length > modelLayers) return false;
  if (members.length === 1) return layersWithin(members[0]!, 'alone', withinMs) >= modelLayers;
  const tally = new EndsTally();
  for (const member of members) tally.add(placesWithin(member, withinMs));
  return tally.layers >= modelLayers;
}

function placesWithin(member: StageCandidate, withinMs: number): ByPlace {
  return {
    middle: layersWithin(member, 'middle', withinMs),
    first: layersWithin(member, 'first', withinMs),
    last: layersWithin(member, 'last', withinMs),
    alone: layersWithin(member, 'alone', withinMs),
  };
}

/** Whether the pipeline can do within the time with these two as its ends. */
export function canBeEnds(
  members: readonly StageCandidate[],
  modelLayers: number,
  withinMs: number,
): (first: number, last: number) => boolean {
  const within = members.map((member) => placesWithin(member, withinMs));
  const total = within.reduce((sum, { middle }) => sum + middle, 0);
  return (first, last) => {
    const [begin, end] = [within[first]!, within[last]!];
    if (first === last) return members.length === 1 && begin.alone >= modelLayers;
    if (begin.first < 1 || end.last < 1) return false;
    return total - begin.middle + begin.first - end.middle + end.last >= modelLayers;
  };
}

/**
 * Layers per node, in the order of the stages, none of them slower than `withinMs`. Layers that would fit twice are taken back from the
 * node whose cache holds the fewest tokens of them, so that the pipeline has as many requests in flight as it can.
 */
export function layersInOrder(
  stages: readonly StageCandidate[],
  modelLayers: number,
  withinMs: number,
  cacheTokenLayers: readonly number[],
): readonly number[] {
  const counts = stages.map((stage, at) => layersWithin(stage, placeOf(at, stages.length), withinMs));
  let surplus = counts.reduce((sum, count) => sum + count, 0) - modelLayers;
  for (; surplus > 0; surplus--) {
    let giver = -1;
    for (const [at, count] of counts.entries()) {
      if (count > 1 && (giver < 0 || isTighter(at, giver))) giver = at;
    }
    counts[giver]!--;
  }
  return counts;

  function isTighter(a: number, b: number): boolean {
    const [ofA, ofB] = [cacheTokenLayers[a]! / counts[a]!, cacheTokenLayers[b]! / counts[b]!];
    if (ofA !== ofB) return ofA < ofB;
    return counts[a]! * stages[a]!.layerMs > counts[b]! * stages[b]!.layerMs;
  }
}

export function placeOf(at: number, stages: number): (typeof PLACES)[number] {
  if (stages === 1) return 'alone';
  return at === 0 ? 'first' : at === stages - 1 ? 'last' : 'middle';
}

/**
 * For layers of unequal size and work, in a given order of stages: where each stage ends, so that the slowest is as fast as can be.
 * Dynamic programme over (stage, first layer that is not its): O(stages · layers²). `undefined` where they do not fit in this order.
 */
export function splitUnequal(
  stages: readonly {
    /** Bytes of layers that it can hold in each place. */
    readonly bytes: ByPlace;
    /** Layers that it may hold whatever their size. */
    readonly most: ByPlace;
    /** Its time for each layer of the model. */
    readonly layerMs: readonly number[];
    readonly endMs: ByPlace;
  }[],
  layerBytes: readonly number[],
): readonly number[] | undefined {
  const layers = layerBytes.length;
  const sizes = runningSums(layerBytes);
  let slowest = new Float64Array(layers + 1).fill(Infinity);
  slowest[0] = 0;
  const begins: Int32Array[] = [];
  for (const [at, { bytes, most, layerMs, endMs }] of stages.entries()) {
    const place = placeOf(at, stages.length);
    const times = runningSums(layerMs);
    const next = new Float64Array(layers + 1).fill(Infinity);
    const begin = new Int32Array(layers + 1);
    for (let end = at + 1; end <= layers; end++) {
      for (let start = end - 1; start >= at; start--) {
        if (sizes[end]! - sizes[start]! > bytes[place] || end - start > most[place]) break;
        const stageMs = endMs[place] + times[end]! - times[start]!;
        const ms = Math.max(slowest[start]!, stageMs);
        if (ms >= next[end]!) continue;
        next[end] = ms;
        begin[end] = start;
      }
    }
    slowest = next;
    begins.push(begin);
  }
  if (slowest[layers] === Infinity) return undefined;
  const ends: number[] = [];
  for (let at = stages.length - 1, end = layers; at >= 0; at--) {
    ends.unshift(end);
    end = begins[at]![end]!;
  }
  return ends;
}

function runningSums(values: readonly number[]): Float64Array {
  const sums = new Float64Array(values.length + 1);
  for (const [at, value] of values.entries()) sums[at + 1] = sums[at]! + value;
  return sums;
}
