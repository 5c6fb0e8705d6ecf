/** Every node of a live fleet: what it holds, how loaded it is, and its place in the layer graph. */

import { type LayerRange, layersOf } from '../layer-range.ts';
import type { ModelInfo } from '../model-info.ts';
import type { PipelineNode } from '../node.ts';
import { kvBytesPerHeldLayer, requestLimit } from '../request-limit.ts';
import { isOpen, LayerGraph, type Stage } from '../routing/layer-graph.ts';
import { LinkTable } from '../routing/link-table.ts';
import { rooflineStageMs } from '../stage-time.ts';

/**
 * `standby` holds nothing; `preparing` loads layers for a pipeline that is not whole yet; `serving` is in the layer graph;
 * `draining` finishes what it runs.
 */
export type NodePhase = 'standby' | 'preparing' | 'serving' | 'draining';

export interface LiveNode {
  /** With its range, and all requests that it has. */
  facts: PipelineNode;
  phase: NodePhase;
  /** Requests that were sent through it from here. */
  own: number;
  /** Requests that it had besides, when it last said. */
  foreign: number;
  /** How many it had when it measured its latency. */
  loadWhenMeasured: number;
  readonly reportsLayers: boolean;
  loaded: LayerRange | undefined;
  /** It goes once it is drained. */
  isLeaving: boolean;
  pipelineId: number | undefined;
  /** What it will hold once what it runs has ended. */
  promise: { readonly moveId: number; readonly range: LayerRange } | undefined;
}

export class NodeBook {
  readonly graph: LayerGraph;
  readonly #model: ModelInfo;
  readonly #nodes = new Map<string, LiveNode>();

  constructor(model: ModelInfo, assumedRttMs: number) {
    this.#model = model;
    this.graph = new LayerGraph(model.numLayers, new LinkTable({ assumedRttMs }));
  }

  get size(): number {
    return this.#nodes.size;
  }

  get(nodeId: string): LiveNode | undefined {
    return this.#nodes.get(nodeId);
  }

  /** In the order in which they joined. */
  all(): Iterable<LiveNode> {
    return this.#nodes.values();
  }

  add(facts: PipelineNode, reportsLayers: boolean): LiveNode {
    const node: LiveNode = {
      facts,
      phase: 'standby',
      own: 0,
      foreign: facts.currentRequests,
      loadWhenMeasured: facts.currentRequests,
      reportsLayers,
      loaded: undefined,
      isLeaving: false,
      pipelineId: undefined,
      promise: undefined,
    };
    this.#nodes.set(facts.id, node);
    this.graph.links.join(facts.id);
    this.graph.links.report(facts.id, facts.rttMs);
    this.graph.linksChanged();
    return node;
  }

  remove(nodeId: string): void {
    this.#nodes.delete(nodeId);
    this.graph.remove(nodeId);
    this.graph.links.leave(nodeId);
    this.graph.linksChanged();
  }

  change(node: LiveNode, changes: Partial<PipelineNode>): void {
    node.facts = Object.freeze({ ...node.facts, ...changes });
  }

  reportLinks(node: LiveNode, rttMs: ReadonlyMap<string, number>): void {
    this.change(node, { rttMs });
    this.graph.links.report(node.facts.id, rttMs);
    this.graph.linksChanged();
  }

  /** The node holds these layers from now on. */
  hold(node: LiveNode, range: LayerRange, phase: 'preparing' | 'serving'): void {
    node.phase = phase;
    this.change(node, { range });
    this.refresh(node);
  }

  drain(node: LiveNode): void {
    node.phase = 'draining';
    this.refresh(node);
  }

  /** The node holds nothing from now on. */
  free(node: LiveNode): void {
    node.phase = 'standby';
    const { range: _range, measuredLayerLatencyMs: _measured, ...rest } = node.facts;
    node.facts = Object.freeze(rest);
    this.refresh(node);
  }

  count(node: LiveNode, requests: number): void {
    node.own += requests;
    this.refresh(node);
  }

  /** Brings the layer graph up to what is known of the node. */
  refresh(node: LiveNode): void {
    const currentRequests = node.own + node.foreign;
    if (currentRequests !== node.facts.currentRequests) this.change(node, { currentRequests });
    const stage = node.phase === 'serving' ? stageOf(node, this.#model) : undefined;
    if (stage === undefined) this.graph.remove(node.facts.id);
    else this.graph.put(stage);
  }

  /** Whether it would take a request now. */
  isOpen(nodeId: string): boolean {
    const stage = this.graph.stage(nodeId);
    return stage !== undefined && isOpen(stage);
  }

  /** Cache memory for each layer, of all nodes that hold it. */
  layerLoads(): Float64Array {
    const loads = new Float64Array(this.#model.numLayers);
    for (const { facts } of this.#nodes.values()) {
      if (facts.range === undefined) continue;
      const bytes = kvBytesPerHeldLayer(facts) ?? 0;
      for (let layer = facts.range.start; layer < facts.range.end; layer++) loads[layer]! += bytes;
    }
    return loads;
  }
}

/** Whether requests may go there: it is well, and has loaded what it is to hold. */
export function isReady({ facts, reportsLayers, loaded }: LiveNode): boolean {
  if (!facts.isActive || facts.range === undefined) return false;
  return !reportsLayers || (loaded?.start === facts.range.start && loaded.end === facts.range.end);
}

/** Steps per second of a node that is full, by the roofline: what it could carry, whatever it carries now. */
export function stepsPerSecond(facts: PipelineNode, model: ModelInfo, range: LayerRange): number {
  const batchSize = requestLimit({ ...facts, range }, model);
  const work = { batchSize, targetLength: 1, sourceLength: facts.maxSequenceLength };
  return (1000 * batchSize) / rooflineStageMs(facts, model, range, work);
}

function stageOf(node: LiveNode, model: ModelInfo): Stage | undefined {
  const { facts } = node;
  const { range } = facts;
  if (range === undefined) return undefined;
  const limit = requestLimit(facts, model);
  const room = Math.max(0, limit - facts.currentRequests);
  return {
    nodeId: facts.id,
    startLayer: range.start,
    endLayer: range.end,
    latencyMs: room > 0 && isReady(node) ? latencyMs(node, model, range, limit) : Number.POSITIVE_INFINITY,
    limit,
    room,
    stepsPerSecond: stepsPerSecond(facts, model, range),
  };
}

/**
 * What one more request would see: all its layers, not one of them. A measured time holds the load of its moment already, so
 * that only what came since is added; `Infinity` was said by a node that was full then, and says nothing of now.
 */
function latencyMs(
  { facts, loadWhenMeasured }: LiveNode,
  model: ModelInfo,
  range: LayerRange,
  limit: number,
): number {
  const { measuredLayerLatencyMs: measured, currentRequests, loadCompensatorMs } = facts;
  if (measured === undefined || !Number.isFinite(measured)) {
    const work = { batchSize: currentRequests + 1, targetLength: 1, sourceLength: facts.maxSequenceLength };
    return rooflineStageMs(facts, model, range, work);
  }
  const since = Math.max(0, currentRequests - loadWhenMeasured) / limit;
  return layersOf(range) * (measured + loadCompensatorMs * since);
}
