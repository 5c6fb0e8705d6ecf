/** From the pipelines that are to better ones: what would move, what that costs, and whether it is worth it. */

import type { AllocationConstraints, LayerAllocator } from '../allocator.ts';
import { rangeBytes } from '../capacity.ts';
import { type LayerRange, layersOf } from '../layer-range.ts';
import type { ModelInfo } from '../model-info.ts';
import type { PipelineNode } from '../node.ts';
import { type Pipeline, stageRange } from '../plan.ts';
import type { Placement } from './filling.ts';
import { stepsPerSecond } from './node-book.ts';
import type { LivePipelineSettings } from './settings.ts';

export interface CurrentPipeline {
  readonly id: number;
  readonly nodeIds: readonly string[];
}

export interface MoveReport {
  readonly isWorthIt: boolean;
  readonly reason: string;
  /** Nodes that load layers, how many layers and bytes that is, and how long the slowest of them takes. */
  readonly nodesThatLoad: number;
  readonly layersToLoad: number;
  readonly bytesToLoad: number;
  readonly loadMs: number;
  /** Steps per second of all pipelines when they are full. */
  readonly stepsPerSecondBefore: number;
  readonly stepsPerSecondAfter: number;
}

export interface Move {
  readonly report: MoveReport;
  /** Pipelines that end. */
  readonly dissolved: readonly number[];
  /** Pipelines that take their place. */
  readonly formed: readonly (readonly Placement[])[];
}

export interface MoveProblem {
  readonly model: ModelInfo;
  readonly allocator: LayerAllocator;
  /** Nodes that may move. */
  readonly nodes: readonly PipelineNode[];
  readonly pipelines: readonly CurrentPipeline[];
  readonly settings: LivePipelineSettings;
}

/** `undefined` when there is no other plan. */
export function planMove(problem: MoveProblem): Move | undefined {
  const { model, allocator, nodes, pipelines, settings } = problem;
  const outcome = allocator.allocate(model, nodes, constraintsOf(settings));
  if (!outcome.ok) return undefined;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const rates = new Map(pipelines.map((one) => [one.id, rateOf(placementsOf(one, byId), byId, model)]));
  const kept = new Set<number>();
  const rest: Pipeline[] = [];
  for (const planned of outcome.plan.pipelines) {
    const twin = twinOf(planned, pipelines, { kept, byId, rates, model });
    if (twin === undefined) rest.push(planned);
    else kept.add(twin.id);
  }
  const dissolved = pipelines.filter(({ id }) => !kept.has(id));
  const busy = new Set(pipelines.flatMap(({ id, nodeIds }) => (kept.has(id) ? nodeIds : [])));
  const formed = cast(
    rest,
    nodes.filter(({ id }) => !busy.has(id)),
    byId,
  );
  const report = reportOf(problem, { dissolved, formed, byId, rates });
  return { report, dissolved: dissolved.map(({ id }) => id), formed };
}

export function constraintsOf({ keepApartBy }: LivePipelineSettings): AllocationConstraints {
  return keepApartBy.length === 0 ? {} : { keepApartBy };
}

interface Matching {
  readonly kept: ReadonlySet<number>;
  readonly byId: ReadonlyMap<string, PipelineNode>;
  readonly rates: ReadonlyMap<number, number>;
  readonly model: ModelInfo;
}

/** A pipeline of the same kinds of nodes that is as fast as the planned one stays as it is. */
function twinOf(
  { stages }: Pipeline,
  pipelines: readonly CurrentPipeline[],
  { kept, byId, rates, model }: Matching,
): CurrentPipeline | undefined {
  const wanted = kindsOf(
    stages.map(({ nodeId }) => nodeId),
    byId,
  );
  const rate = rateOf(
    stages.map((stage) => ({ nodeId: stage.nodeId, range: stageRange(stage) })),
    byId,
    model,
  );
  return pipelines.find(
    ({ id, nodeIds }) =>
      !kept.has(id) && kindsOf(nodeIds, byId) === wanted && rates.get(id)! >= rate * (1 - 1e-9),
  );
}

/** Nodes of one kind can stand in for one another: each stage gets the one that holds most of its layers already. */
function cast(
  pipelines: readonly Pipeline[],
  nodes: readonly PipelineNode[],
  byId: ReadonlyMap<string, PipelineNode>,
): readonly (readonly Placement[])[] {
  const free = new Map<string, Set<PipelineNode>>();
  for (const node of nodes) {
    const kind = kindOf(node);
    free.set(kind, (free.get(kind) ?? new Set()).add(node));
  }
  return pipelines.map(({ stages }) =>
    stages.map((stage) => {
      const range = stageRange(stage);
      const candidates = free.get(kindOf(byId.get(stage.nodeId)!))!;
      const best = [...candidates].sort(
        (one, other) => overlap(other.range, range) - overlap(one.range, range),
      )[0]!;
      candidates.delete(best);
      return { nodeId: best.id, range };
    }),
  );
}

function kindsOf(nodeIds: readonly string[], byId: ReadonlyMap<string, PipelineNode>): string {
  return nodeIds
    .map((id) => {
      const node = byId.get(id);
      return node === undefined ? `?${id}` : kindOf(node);
    })
    .sort()
    .join('\n');
}

function kindOf(node: PipelineNode): string {
  const { hardware, kvCacheMemoryShare, paramMemoryShare, maxConcurrentRequests, maxSequenceLength } = node;
  const labels = Object.entries(node.labels).sort();
  return JSON.stringify([
    hardware,
    kvCacheMemoryShare,
    paramMemoryShare,
    maxConcurrentRequests,
    maxSequenceLength,
    labels,
  ]);
}

function overlap(held: LayerRange | undefined, wanted: LayerRange): number {
  if (held === undefined) return 0;
  return Math.max(0, Math.min(held.end, wanted.end) - Math.max(held.start, wanted.start));
}

function placementsOf(
  { nodeIds }: CurrentPipeline,
  byId: ReadonlyMap<string, PipelineNode>,
): readonly Placement[] {
  return nodeIds.flatMap((nodeId) => {
    const range = byId.get(nodeId)?.range;
    return range === undefined ? [] : [{ nodeId, range }];
  });
}

/** A pipeline is as fast as its slowest stage. */
function rateOf(
  placements: readonly Placement[],
  byId: ReadonlyMap<string, PipelineNode>,
  model: ModelInfo,
): number {
  const rates = placements.flatMap(({ nodeId, range }) => {
    const node = byId.get(nodeId);
    return node === undefined ? [] : [stepsPerSecond(node, model, range)];
  });
  return rates.length === 0 ? 0 : Math.min(...rates);
}

interface Change {
  readonly dissolved: readonly CurrentPipeline[];
  readonly formed: readonly (readonly Placement[])[];
  readonly byId: ReadonlyMap<string, PipelineNode>;
  readonly rates: ReadonlyMap<number, number>;
}

function reportOf(problem: MoveProblem, { dissolved, formed, byId, rates }: Change): MoveReport {
  const { model, settings } = problem;
  const loads = formed.flat().map(({ nodeId, range }) => toLoad(byId.get(nodeId)!, range, model));
  const loading = loads.filter(({ layers }) => layers > 0);
  const layersToLoad = loading.reduce((sum, { layers }) => sum + layers, 0);
  const bytesToLoad = loading.reduce((sum, { bytes }) => sum + bytes, 0);
  const loadMs = (1000 * Math.max(0, ...loading.map(({ bytes }) => bytes))) / settings.loadBytesPerSecond;
  const before = [...rates.values()].reduce((sum, rate) => sum + rate, 0);
  const ended = dissolved.reduce((sum, { id }) => sum + rates.get(id)!, 0);
  const begun = formed.reduce((sum, placements) => sum + rateOf(placements, byId, model), 0);
  const after = before - ended + begun;
  return {
    ...verdict({ before, after, ended, loadMs }, settings),
    nodesThatLoad: loading.length,
    layersToLoad,
    bytesToLoad,
    loadMs,
    stepsPerSecondBefore: before,
    stepsPerSecondAfter: after,
  };
}

function toLoad({ range: held, ...node }: PipelineNode, range: LayerRange, model: ModelInfo) {
  const layers = layersOf(range) - overlap(held, range);
  if (layers === 0) return { layers, bytes: 0 };
  return { layers, bytes: (rangeBytes(node, model, range) * layers) / layersOf(range) };
}

/** The steps that are not made while layers are loaded must come back in good time. */
function verdict(
  {
    before,
    after,
    ended,
    loadMs,
  }: { readonly before: number; readonly after: number; readonly ended: number; readonly loadMs: number },
  { minGain, amortiseMs }: LivePipelineSettings,
): Pick<MoveReport, 'isWorthIt' | 'reason'> {
  const gain = before === 0 ? Number.POSITIVE_INFINITY : after / before - 1;
  const gained = `${before === 0 ? 'all' : `${(100 * gain).toFixed(1)} %`} more steps per second`;
  if (after <= before) return { isWorthIt: false, reason: 'the plan in force carries as much' };
  if (gain < minGain) {
    return { isWorthIt: false, reason: `${gained}; ${(100 * minGain).toFixed(1)} % are asked for` };
  }
  const paybackMs = (ended * loadMs) / (after - before);
  const isWorthIt = paybackMs <= amortiseMs;
  const payback = `what ${Math.round(loadMs)} ms of loading cost is back after ${Math.round(paybackMs)} ms`;
  return { isWorthIt, reason: `${gained}; ${payback}, ${amortiseMs} ms are allowed` };
}
