/** How pipelines form, are mended and dissolve: whatever can form one does, with as little to load as possible. */

import type { LayerAllocator } from '../allocator.ts';
import type { LayerRange } from '../layer-range.ts';
import type { ModelInfo } from '../model-info.ts';
import type { PipelineNode } from '../node.ts';
import { stageRange } from '../plan.ts';
import type { PipelineEffect } from './events.ts';
import { fillGaps, gapsBetween, type Placement, widenNeighbours, widestChain } from './filling.ts';
import type { LiveNode, NodeBook } from './node-book.ts';
import type { PipelineBook } from './pipeline-book.ts';
import { placeBeside } from './placing.ts';
import { constraintsOf, type Move } from './replanning.ts';
import type { LivePipelineSettings } from './settings.ts';

interface FormationOptions {
  readonly model: ModelInfo;
  readonly allocator: LayerAllocator;
  readonly settings: LivePipelineSettings;
  readonly nodes: NodeBook;
  readonly pipelines: PipelineBook;
  readonly tell: (effect: PipelineEffect) => void;
}

export class Formation {
  readonly #model: ModelInfo;
  readonly #allocator: LayerAllocator;
  readonly #settings: LivePipelineSettings;
  readonly #nodes: NodeBook;
  readonly #pipelines: PipelineBook;
  readonly #tell: (effect: PipelineEffect) => void;

  constructor({ model, allocator, settings, nodes, pipelines, tell }: FormationOptions) {
    this.#model = model;
    this.#allocator = allocator;
    this.#settings = settings;
    this.#nodes = nodes;
    this.#pipelines = pipelines;
    this.#tell = tell;
  }

  /** Forms what can be formed of nodes that are in no pipeline. */
  settle(): void {
    this.#keepPromises();
    const { length } = this.#pipelines.registered;
    const isBeginning = length === 0 && this.#pipelines.promised.length === 0;
    if (isBeginning && this.#spares().length + this.#loose().length < this.#settings.minNodes) return;
    while (this.#complete()) {
      // Each one that forms may leave nodes for one more.
    }
    while (this.#allocate(this.#spares())) {
      // A planner may value few short pipelines as much as many, and leave nodes that make one more.
    }
    if (!this.#settings.mixesPipelines) return;
    this.#gatherHelpers();
    this.#placeBeside();
  }

  /** The node will serve no more: its pipeline goes on with others, or ends. */
  withdraw(node: LiveNode, reason: string): void {
    const { id } = node.facts;
    if (node.promise !== undefined) this.#breakPromise(node.promise.moveId);
    const { pipelineId } = node;
    node.pipelineId = undefined;
    const hadRange = node.facts.range;
    if (node.phase === 'serving') this.#nodes.drain(node);
    if (pipelineId !== undefined && hadRange !== undefined) this.#mend(pipelineId, id, hadRange, reason);
  }

  /** What it ran has ended. */
  drained(node: LiveNode): void {
    const { promise } = node;
    if (promise === undefined) this.#free(node);
    else this.#prepare(node, promise.range);
  }

  move({ dissolved, formed }: Pick<Move, 'dissolved' | 'formed'>): void {
    const promised = formed.map((placements) => this.#pipelines.promise(placements));
    for (const { moveId, placements } of promised) {
      for (const { nodeId, range } of placements) this.#nodes.get(nodeId)!.promise = { moveId, range };
    }
    for (const id of dissolved) this.#dissolve(id, 'a new plan takes its place');
    for (const { nodeId } of formed.flat()) {
      const node = this.#nodes.get(nodeId)!;
      if (node.phase === 'standby') this.#prepare(node, node.promise!.range);
      else if (node.phase === 'serving') this.#release(node);
    }
  }

  #keepPromises(): void {
    for (const { moveId, placements } of this.#pipelines.promised) {
      const isPrepared = placements.every(({ nodeId }) => this.#nodes.get(nodeId)?.phase === 'preparing');
      if (!isPrepared) continue;
      this.#pipelines.forget(moveId);
      for (const { nodeId } of placements) this.#nodes.get(nodeId)!.promise = undefined;
      this.#register(placements);
    }
  }

  #breakPromise(moveId: number): void {
    this.#pipelines.forget(moveId);
    for (const node of this.#nodes.all()) {
      if (node.promise?.moveId !== moveId) continue;
      node.promise = undefined;
      if (node.phase === 'preparing') this.#free(node);
    }
  }

  /** Nodes that hold nothing and may be given something. */
  #spares(): readonly PipelineNode[] {
    return [...this.#nodes.all()]
      .filter(
        ({ phase, promise, isLeaving, facts }) =>
          phase === 'standby' && promise === undefined && !isLeaving && facts.isActive && !facts.isManual,
      )
      .map(({ facts }) => facts);
  }

  /** Nodes that hold layers outside every pipeline: manual ones, and those beside pipelines. */
  #loose(): readonly PipelineNode[] {
    return [...this.#nodes.all()]
      .filter(
        ({ phase, pipelineId, promise, isLeaving, facts }) =>
          phase === 'serving' &&
          pipelineId === undefined &&
          promise === undefined &&
          !isLeaving &&
          facts.isActive,
      )
      .map(({ facts }) => facts);
  }

  /** One pipeline of loose nodes, with spares in their gaps. */
  #complete(): boolean {
    for (const [loose, spares] of this.#groups(this.#loose(), this.#spares())) {
      const chain = widestChain(loose);
      if (chain.length === 0) continue;
      const gaps = gapsBetween(
        chain.map(({ range }) => range!),
        this.#model.numLayers,
      );
      const filled = fillGaps(gaps, spares, this.#model);
      if (filled === undefined) continue;
      const held = chain.map(({ id, range }) => ({ nodeId: id, range: range! }));
      this.#register([...held, ...filled]);
      return true;
    }
    return false;
  }

  /** Nodes that may be in one pipeline together. */
  #groups(
    loose: readonly PipelineNode[],
    spares: readonly PipelineNode[],
  ): Iterable<readonly [readonly PipelineNode[], readonly PipelineNode[]]> {
    const key = (node: PipelineNode) => groupOf(node, this.#settings.keepApartBy);
    const byKey = Map.groupBy(spares, key);
    return [...Map.groupBy(loose, key)].map(([group, nodes]) => [nodes, byKey.get(group) ?? []] as const);
  }

  #allocate(spares: readonly PipelineNode[]): boolean {
    if (spares.length === 0) return false;
    const outcome = this.#allocator.allocate(this.#model, spares, constraintsOf(this.#settings));
    if (!outcome.ok) return false;
    for (const { stages } of outcome.plan.pipelines) {
      this.#register(stages.map((stage) => ({ nodeId: stage.nodeId, range: stageRange(stage) })));
    }
    return outcome.plan.pipelines.length > 0;
  }

  /** Nodes beside pipelines that would make a pipeline of their own with the spares do so once they have drained. */
  #gatherHelpers(): void {
    const helpers = this.#loose().filter(({ isManual }) => !isManual);
    const spares = this.#spares();
    if (helpers.length === 0) return;
    const outcome = this.#allocator.allocate(
      this.#model,
      [...helpers, ...spares],
      constraintsOf(this.#settings),
    );
    if (!outcome.ok) return;
    const formed = outcome.plan.pipelines.map(({ stages }) =>
      stages.map((stage) => ({ nodeId: stage.nodeId, range: stageRange(stage) })),
    );
    this.move({ dissolved: [], formed });
    this.#keepPromises();
  }

  #placeBeside(): void {
    if (this.#nodes.graph.size === 0) return;
    for (const facts of this.#spares()) {
      const range = placeBeside(facts, this.#model, this.#nodes.graph, this.#nodes.layerLoads());
      if (range !== undefined) this.#assign({ nodeId: facts.id, range });
    }
  }

  #mend(pipelineId: number, goneId: string, gap: LayerRange, reason: string): void {
    const { nodeIds } = this.#pipelines.get(pipelineId)!;
    const rest = nodeIds.filter((id) => id !== goneId).map((id) => this.#nodes.get(id)!.facts);
    const placements = this.#standIn(gap, rest) ?? this.#fromSpares(gap, rest) ?? this.#fromRest(gap, rest);
    if (placements === undefined) {
      this.#dissolve(pipelineId, reason, goneId);
      return;
    }
    for (const placement of placements) this.#assign(placement, pipelineId);
    const held = new Set([...rest.map(({ id }) => id), ...placements.map(({ nodeId }) => nodeId)]);
    const mended = [...held].sort((one, other) => this.#startOf(one) - this.#startOf(other));
    this.#pipelines.register(mended, pipelineId);
    this.#tell({ type: 'pipeline-repaired', pipelineId, nodeIds: mended });
  }

  /** A node beside pipelines that holds the very layers: nothing is loaded. */
  #standIn(gap: LayerRange, rest: readonly PipelineNode[]): readonly Placement[] | undefined {
    const found = this.#loose().find(
      (node) => node.range!.start === gap.start && node.range!.end === gap.end && this.#mayJoin(node, rest),
    );
    return found && [{ nodeId: found.id, range: gap }];
  }

  #fromSpares(gap: LayerRange, rest: readonly PipelineNode[]): readonly Placement[] | undefined {
    const spares = this.#spares().filter((node) => this.#mayJoin(node, rest));
    return fillGaps([gap], spares, this.#model);
  }

  /** Its neighbours take its layers over: they need not unload anything for it. */
  #fromRest(gap: LayerRange, rest: readonly PipelineNode[]): readonly Placement[] | undefined {
    return widenNeighbours(
      gap,
      rest.filter(({ isManual }) => !isManual),
      this.#model,
    );
  }

  #mayJoin(node: PipelineNode, rest: readonly PipelineNode[]): boolean {
    const { keepApartBy } = this.#settings;
    return rest.every((other) => groupOf(other, keepApartBy) === groupOf(node, keepApartBy));
  }

  #register(placements: readonly Placement[]): void {
    const ordered = placements.toSorted((one, other) => one.range.start - other.range.start);
    const nodeIds = ordered.map(({ nodeId }) => nodeId);
    const pipelineId = this.#pipelines.register(nodeIds);
    for (const placement of ordered) this.#assign(placement, pipelineId);
    this.#tell({ type: 'pipeline-formed', pipelineId, nodeIds });
  }

  /** The node serves these layers, in a pipeline or beside one. */
  #assign({ nodeId, range }: Placement, pipelineId?: number): void {
    const node = this.#nodes.get(nodeId)!;
    const held = node.facts.range;
    node.pipelineId = pipelineId;
    this.#nodes.hold(node, range, 'serving');
    if (held?.start !== range.start || held.end !== range.end)
      this.#tell({ type: 'assigned', nodeId, range });
  }

  #prepare(node: LiveNode, range: LayerRange): void {
    const held = node.facts.range;
    this.#nodes.hold(node, range, 'preparing');
    if (held?.start !== range.start || held.end !== range.end)
      this.#tell({ type: 'assigned', nodeId: node.facts.id, range });
  }

  #dissolve(pipelineId: number, reason: string, exceptId?: string): void {
    const { nodeIds } = this.#pipelines.get(pipelineId)!;
    this.#pipelines.dissolve(pipelineId);
    this.#tell({ type: 'pipeline-dissolved', pipelineId, reason });
    for (const nodeId of nodeIds) {
      if (nodeId === exceptId) continue;
      const node = this.#nodes.get(nodeId)!;
      node.pipelineId = undefined;
      if (!node.facts.isManual) this.#release(node);
    }
  }

  /** Nothing new for it; it is free once what it runs has ended. */
  #release(node: LiveNode): void {
    node.pipelineId = undefined;
    this.#nodes.drain(node);
    if (node.own === 0) this.drained(node);
  }

  #free(node: LiveNode): void {
    this.#nodes.free(node);
    this.#tell({ type: 'released', nodeId: node.facts.id });
  }

  #startOf(nodeId: string): number {
    return this.#nodes.get(nodeId)!.facts.range!.start;
  }
}

function groupOf({ labels }: PipelineNode, keepApartBy: readonly string[]): string {
  return JSON.stringify(keepApartBy.map((label) => labels[label] ?? null));
}
