/** Fills the layers between nodes that stay where they are, with as little to load as there can be: each missing layer once. */

import { fits } from '../capacity.ts';
import { type LayerRange, layersOf } from '../layer-range.ts';
import type { ModelInfo } from '../model-info.ts';
import type { PipelineNode } from '../node.ts';

/** A node with the layers that it is to hold. */
export interface Placement {
  readonly nodeId: string;
  readonly range: LayerRange;
}

/** Two nodes follow one another in a chain of fixed nodes; what lies between is a gap. */
export function gapsBetween(ranges: readonly LayerRange[], numLayers: number): readonly LayerRange[] {
  const ordered = ranges.toSorted((one, other) => one.start - other.start);
  const starts = [0, ...ordered.map(({ end }) => end)];
  const ends = [...ordered.map(({ start }) => start), numLayers];
  return starts.map((start, index) => ({ start, end: ends[index]! })).filter((gap) => layersOf(gap) > 0);
}

/** Spare nodes for every gap, each at most once; `undefined` when they do not suffice. */
export function fillGaps(
  gaps: readonly LayerRange[],
  spares: readonly PipelineNode[],
  model: ModelInfo,
): readonly Placement[] | undefined {
  let left = spares;
  const placements: Placement[] = [];
  for (const gap of gaps.toSorted((one, other) => layersOf(other) - layersOf(one))) {
    const filled = fillGap(gap, left, model);
    if (filled === undefined) return undefined;
    placements.push(...filled);
    const used = new Set(filled.map(({ nodeId }) => nodeId));
    left = left.filter(({ id }) => !used.has(id));
  }
  return placements;
}

/** The smallest node that holds it all; where none does, the largest ones until the rest fits one. */
function fillGap(
  gap: LayerRange,
  spares: readonly PipelineNode[],
  model: ModelInfo,
): readonly Placement[] | undefined {
  const placements: Placement[] = [];
  const left = new Set(spares);
  let { start } = gap;
  while (start < gap.end) {
    const rest = { start, end: gap.end };
    const reaches = [...left].map((node) => ({ node, end: reach(node, rest, model) }));
    const whole = reaches
      .filter(({ end }) => end === gap.end)
      .sort((one, other) => roomOf(one.node) - roomOf(other.node) || compare(one.node.id, other.node.id))[0];
    const next =
      whole ?? reaches.sort((one, other) => other.end - one.end || compare(one.node.id, other.node.id))[0];
    if (next === undefined || next.end === start) return undefined;
    placements.push({ nodeId: next.node.id, range: { start, end: next.end } });
    left.delete(next.node);
    start = next.end;
  }
  return placements;
}

/** The neighbours of a gap take its layers over, as evenly as their memory lets them. */
export function widenNeighbours(
  gap: LayerRange,
  neighbours: readonly PipelineNode[],
  model: ModelInfo,
): readonly Placement[] | undefined {
  const before = neighbours.find(({ range }) => range?.end === gap.start);
  const after = neighbours.find(({ range }) => range?.start === gap.end);
  const widest = (border: number) => ({
    before: before?.range && { start: before.range.start, end: border },
    after: after?.range && { start: border, end: after.range.end },
  });
  const borders = Array.from({ length: layersOf(gap) + 1 }, (_, index) => gap.start + index).filter(
    (border) => {
      const { before: left, after: right } = widest(border);
      const isLeftFine = border === gap.start || (left !== undefined && fits(before!, model, left));
      const isRightFine = border === gap.end || (right !== undefined && fits(after!, model, right));
      return isLeftFine && isRightFine;
    },
  );
  const middle = (gap.start + gap.end) / 2;
  const border = borders.sort((one, other) => Math.abs(one - middle) - Math.abs(other - middle))[0];
  if (border === undefined) return undefined;
  const { before: left, after: right } = widest(border);
  return [
    ...(border > gap.start ? [{ nodeId: before!.id, range: left! }] : []),
    ...(border < gap.end ? [{ nodeId: after!.id, range: right! }] : []),
  ];
}

/** The last border up to which the node can hold layers from `start` on. */
function reach(node: PipelineNode, { start, end }: LayerRange, model: ModelInfo): number {
  let [low, high] = [start, end];
  if (fits(node, model, { start, end })) return end;
  // What fits falls with each layer, but for the head at the very end, which was tried above.
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(node, model, { start, end: middle })) low = middle;
    else high = middle;
  }
  return low;
}

const roomOf = ({ hardware, paramMemoryShare }: PipelineNode): number =>
  hardware.gpuCount * hardware.memoryGb * paramMemoryShare;

const compare = (one: string, other: string): number => (one < other ? -1 : 1);

/**
 * Of nodes that stay where they are, those that hold most layers together without holding one twice (weighted interval
 * scheduling), in the order of their layers.
 */
export function widestChain(nodes: readonly PipelineNode[]): readonly PipelineNode[] {
  const ordered = nodes
    .filter(({ range }) => range !== undefined)
    .sort((one, other) => one.range!.end - other.range!.end || compare(one.id, other.id));
  const best: { readonly layers: number; readonly chain: readonly PipelineNode[] }[] = [];
  for (const [index, node] of ordered.entries()) {
    const range = node.range!;
    const previous = best.findLast((_, at) => ordered[at]!.range!.end <= range.start);
    const taken = {
      layers: layersOf(range) + (previous?.layers ?? 0),
      chain: [...(previous?.chain ?? []), node],
    };
    const skipped = best[index - 1];
    best.push(skipped !== undefined && skipped.layers >= taken.layers ? skipped : taken);
  }
  return best.at(-1)?.chain ?? [];
}
