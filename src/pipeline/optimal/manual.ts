/** Pipelines of which people have given some stages: the stages side by side in chains, and nodes for what is missing between. */

import { fits } from '../capacity.ts';
import { type LayerRange, layersOf } from '../layer-range.ts';
import type { ModelInfo } from '../model-info.ts';
import type { PipelineNode } from '../node.ts';
import type { Pipeline, PipelineStage } from '../plan.ts';
import type { Candidate } from './candidate.ts';

export interface ManualStage {
  readonly candidate: Candidate;
  readonly range: LayerRange;
}

export type ManualChains =
  | { readonly ok: true; readonly pipelines: readonly Pipeline[]; readonly usedIds: ReadonlySet<string> }
  | { readonly ok: false; readonly nodeId: string; readonly message: string };

/** Each given stage holds exactly its layers; gaps are filled with as few of `free` as possible. */
export function completeManual(
  model: ModelInfo,
  manual: readonly ManualStage[],
  free: readonly Candidate[],
  groupOf: (node: PipelineNode) => string,
): ManualChains {
  const misfit = manual.find(
    ({ candidate, range }) =>
      range.start < 0 ||
      range.end > model.numLayers ||
      layersOf(range) > candidate.layersAtMost.middle ||
      !fits(candidate.node, model, range),
  );
  if (misfit) {
    const { id } = misfit.candidate.node;
    const asked = `[${misfit.range.start}, ${misfit.range.end})`;
    const message = `node "${id}" is given the layers ${asked}; allowed are layers of [0, ${model.numLayers}) that fit into its memory`;
    return { ok: false, nodeId: id, message };
  }
  const usedIds = new Set<string>();
  const pipelines: Pipeline[] = [];
  for (const given of chainsOf(manual, groupOf)) {
    const group = groupOf(given[0]!.candidate.node);
    const stages: PipelineStage[] = [];
    for (const piece of piecesOf(given, model.numLayers)) {
      if (piece.stage) {
        stages.push(stageOf(piece.stage.candidate, piece.stage.range));
        continue;
      }
      const left = free.filter(({ node }) => !usedIds.has(node.id) && groupOf(node) === group);
      const filling = fillGap(piece.gap, left, model.numLayers);
      if (filling === undefined) return unfilled(given, piece.gap);
      for (const { nodeId } of filling) usedIds.add(nodeId);
      stages.push(...filling);
    }
    pipelines.push({ stages });
  }
  for (const { candidate } of manual) usedIds.add(candidate.node.id);
  return { ok: true, pipelines, usedIds };
}

function unfilled(given: readonly ManualStage[], { start, end }: LayerRange): ManualChains {
  const names = given.map(({ candidate }) => `"${candidate.node.id}"`).join(', ');
  const nodeId = given[0]!.candidate.node.id;
  const message = `the layers given to ${names} leave [${start}, ${end}) open, and no free nodes hold those`;
  return { ok: false, nodeId, message };
}

/** First fit by where they start: as few chains as there are stages over one layer, each with the least gaps. */
function chainsOf(
  manual: readonly ManualStage[],
  groupOf: (node: PipelineNode) => string,
): readonly (readonly ManualStage[])[] {
  const chains: ManualStage[][] = [];
  const byStart = [...manual].sort((a, b) => a.range.start - b.range.start || a.range.end - b.range.end);
  for (const stage of byStart) {
    const fitting = chains.filter(
      (given) =>
        given.at(-1)!.range.end <= stage.range.start &&
        groupOf(given[0]!.candidate.node) === groupOf(stage.candidate.node),
    );
    const closest = fitting.sort((a, b) => b.at(-1)!.range.end - a.at(-1)!.range.end)[0];
    if (closest) closest.push(stage);
    else chains.push([stage]);
  }
  return chains;
}

type Piece =
  | { readonly stage: ManualStage; readonly gap?: undefined }
  | { readonly stage?: undefined; readonly gap: LayerRange };

function piecesOf(given: readonly ManualStage[], modelLayers: number): readonly Piece[] {
  const pieces: Piece[] = [];
  let start = 0;
  for (const stage of given) {
    if (stage.range.start > start) pieces.push({ gap: { start, end: stage.range.start } });
    pieces.push({ stage });
    start = stage.range.end;
  }
  if (start < modelLayers) pieces.push({ gap: { start, end: modelLayers } });
  return pieces;
}

/** The largest nodes until they hold the gap, then the last of them replaced by the smallest that still does. */
function fillGap(
  gap: LayerRange,
  free: readonly Candidate[],
  modelLayers: number,
): readonly PipelineStage[] | undefined {
  const largestFirst = free
    .filter(({ layers }) => layers.middle >= 1)
    .sort((a, b) => b.layers.middle - a.layers.middle || (a.node.id < b.node.id ? -1 : 1));
  for (let count = 1; count <= Math.min(largestFirst.length, layersOf(gap)); count++) {
    const begun = largestFirst.slice(0, count - 1);
    const closing = largestFirst
      .slice(count - 1)
      .reverse()
      .find((last) => arrange([...begun, last], gap, modelLayers) !== undefined);
    if (closing) return arrange([...begun, closing], gap, modelLayers);
  }
  return undefined;
}

/** The order that loses the fewest layers to embedding and head, where the gap has an end of the model. */
function arrange(
  members: readonly Candidate[],
  gap: LayerRange,
  modelLayers: number,
): readonly PipelineStage[] | undefined {
  const isFirst = gap.start === 0;
  const isLast = gap.end === modelLayers;
  let best: { readonly stages: readonly Candidate[]; readonly most: readonly number[] } | undefined;
  let bestRoom = layersOf(gap) - 1;
  for (const first of isFirst ? members : members.slice(0, 1)) {
    for (const last of isLast ? members : members.slice(-1)) {
      if (members.length > 1 && first === last) continue;
      const between = members.filter((member) => member !== first && member !== last);
      const stages = members.length === 1 ? [first] : [first, ...between, last];
      const most = stages.map(({ layers }, at) => {
        const holdsFirst = isFirst && at === 0;
        const holdsLast = isLast && at === stages.length - 1;
        return layers[
          holdsFirst && holdsLast ? 'alone' : holdsFirst ? 'first' : holdsLast ? 'last' : 'middle'
        ];
      });
      const room = most.reduce((sum, layers) => sum + layers, 0);
      if (room <= bestRoom || most.some((layers) => layers < 1)) continue;
      best = { stages, most };
      bestRoom = room;
    }
  }
  return best && divide(best.stages, best.most, gap);
}

/** What would fit twice is taken back from the slowest. */
function divide(
  stages: readonly Candidate[],
  most: readonly number[],
  gap: LayerRange,
): readonly PipelineStage[] {
  const counts = most.map((layers) => Math.min(layers, layersOf(gap)));
  let surplus = counts.reduce((sum, count) => sum + count, 0) - layersOf(gap);
  for (; surplus > 0; surplus--) {
    const ms = (at: number) => (counts[at]! > 1 ? counts[at]! * stages[at]!.layerMs : -1);
    const slowest = counts.reduce((worst, _, at) => (ms(at) > ms(worst) ? at : worst), 0);
    counts[slowest]!--;
  }
  let start = gap.start;
  return stages.map((candidate, at) => {
    const range = { start, end: start + counts[at]! };
    start = range.end;
    return stageOf(candidate, range);
  });
}

function stageOf({ node }: Candidate, { start, end }: LayerRange): PipelineStage {
  return { nodeId: node.id, startLayer: start, endLayer: end };
}
