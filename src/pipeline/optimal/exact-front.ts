/** The fewest nodes for each number of pipelines, exactly, where few kinds of nodes make few states. */

import type { SearchBudget } from './budget.ts';
import type { Kind } from './candidate.ts';
import type { Cover } from './covers.ts';

const UNREACHABLE = 0x3fff;

/** For each number of pipelines, from 1 on, which covers make them with the fewest nodes. */
export type ExactFront = readonly (readonly Cover[])[];

/** What the search would take, so that who calls can decide not to. */
export function statesOf(kinds: readonly Kind[]): number {
  return kinds.reduce((states, { members }) => states * (members.length + 1), 1);
}

/**
 * Over vectors of how many nodes of each kind are left: the fewest nodes that make k pipelines of them. The first kind that is left is
 * either in the next pipeline or never used, so each set of pipelines is met once. `undefined` when the budget ends.
 */
export function exactFront(
  kinds: readonly Kind[],
  covers: readonly Cover[],
  mostPipelines: number,
  budget: SearchBudget,
): ExactFront | undefined {
  const strides: number[] = [];
  let states = 1;
  for (const { members } of kinds) {
    strides.push(states);
    states *= members.length + 1;
  }
  const width = mostPipelines + 1;
  const byFirstKind = kinds.map((_, kind) =>
    covers
      .filter(({ counts }) => counts.findIndex((count) => count > 0) === kind)
      .map((cover) => ({
        cover,
        offset: cover.counts.reduce((offset, count, at) => offset + count * strides[at]!, 0),
      })),
  );
  const fewest = new Uint16Array(states * width).fill(UNREACHABLE);
  const left = kinds.map(() => 0);
  fewest[0] = 0;

  for (let state = 1; state < states; state++) {
    increment(left, kinds);
    const first = left.findIndex((count) => count > 0);
    const row = state * width;
    const discarded = row - strides[first]! * width;
    for (let k = 0; k < width; k++) fewest[row + k] = fewest[discarded + k]!;
    const options = byFirstKind[first]!;
    if (!budget.spend(options.length * (width + kinds.length))) return undefined;
    for (const { cover, offset } of options) {
      if (!fits(cover.counts, left)) continue;
      const rest = row - offset * width;
      for (let k = 1; k < width; k++) {
        const nodes = fewest[rest + k - 1]! + cover.size;
        if (nodes < fewest[row + k]!) fewest[row + k] = nodes;
      }
    }
  }

  const front: Cover[][] = [];
  for (let k = 1; k < width && fewest[(states - 1) * width + k]! < UNREACHABLE; k++) front.push(trace(k));
  return front;

  /** Walks back from all nodes, taking at each state a step that its value came from. */
  function trace(pipelines: number): Cover[] {
    const taken: Cover[] = [];
    const remaining = kinds.map(({ members }) => members.length);
    let state = states - 1;
    let k = pipelines;
    while (k > 0) {
      const first = remaining.findIndex((count) => count > 0);
      const value = fewest[state * width + k]!;
      const step = byFirstKind[first]!.find(
        ({ cover, offset }) =>
          fits(cover.counts, remaining) && fewest[(state - offset) * width + k - 1]! + cover.size === value,
      );
      if (step === undefined) {
        remaining[first]!--;
        state -= strides[first]!;
        continue;
      }
      taken.push(step.cover);
      for (const [kind, count] of step.cover.counts.entries()) remaining[kind]! -= count;
      state -= step.offset;
      k--;
    }
    return taken;
  }
}

function increment(left: number[], kinds: readonly Kind[]): void {
  for (const [kind, { members }] of kinds.entries()) {
    if (left[kind]! < members.length) {
      left[kind]!++;
      return;
    }
    left[kind] = 0;
  }
}

function fits(counts: readonly number[], left: readonly number[]): boolean {
  for (let kind = 0; kind < counts.length; kind++) if (counts[kind]! > left[kind]!) return false;
  return true;
}
