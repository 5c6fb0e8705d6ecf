/** The nodes of one model in the order in which they joined, and which layers they hold. */

import { SignalboxError } from '../domain/errors.ts';
import { checkNumber } from './checks.ts';
import { countFullPaths } from './full-paths.ts';
import type { LayerRange } from './layer-range.ts';
import { LayerTable } from './layer-table.ts';
import type { ModelInfo } from './model-info.ts';
import { type PipelineNode, withNode } from './node.ts';
import { kvBytesPerHeldLayer } from './request-limit.ts';

/** A node that holds layers. */
export type PlacedNode = PipelineNode & { readonly range: LayerRange };

/** What a node may report of itself; layers are given by `allocate`. */
export type NodeChanges = Omit<Parameters<typeof withNode>[1], 'id' | 'range'>;

/** Every call either does all of what it says or throws and changes nothing. */
export class NodeRegistry {
  readonly model: ModelInfo;
  readonly #nodes = new Map<string, PipelineNode>();
  readonly #table: LayerTable;

  constructor(model: ModelInfo) {
    this.model = model;
    this.#table = new LayerTable(model.numLayers);
  }

  get table(): Pick<LayerTable, 'kvBytes' | 'hostCounts' | 'hostsOf' | 'lightestLayer' | 'numLayers'> {
    return this.#table;
  }

  get nodes(): readonly PipelineNode[] {
    return [...this.#nodes.values()];
  }

  get placed(): readonly PlacedNode[] {
    return this.nodes.filter(isPlaced);
  }

  /** Those that hold nothing. */
  get standby(): readonly PipelineNode[] {
    return this.nodes.filter((node) => !isPlaced(node));
  }

  has(nodeId: string): boolean {
    return this.#nodes.has(nodeId);
  }

  /** @throws {SignalboxError} `not_found` */
  get(nodeId: string): PipelineNode {
    const node = this.#nodes.get(nodeId);
    if (node === undefined) throw new SignalboxError('not_found', `There is no node ${nodeId}.`);
    return node;
  }

  /** A node that comes with a range holds it from now on. */
  add(node: PipelineNode): void {
    if (this.#nodes.has(node.id)) throw new SignalboxError('conflict', `Node ${node.id} is there already.`);
    if (node.range !== undefined) this.#checkRange(node.id, node.range);
    this.#put(node);
  }

  remove(nodeId: string): PipelineNode {
    const node = this.get(nodeId);
    this.#table.remove(nodeId);
    this.#nodes.delete(nodeId);
    return node;
  }

  update(nodeId: string, changes: NodeChanges): PipelineNode {
    const node = withNode(this.get(nodeId), changes);
    this.#put(node);
    return node;
  }

  /** Gives layers to a node that holds none. */
  allocate(nodeId: string, range: LayerRange): void {
    const node = this.get(nodeId);
    if (node.range !== undefined) {
      const { start, end } = node.range;
      throw new SignalboxError('conflict', `Node ${nodeId} holds the layers [${start}, ${end}) already.`);
    }
    this.#checkRange(nodeId, range);
    this.#put(withNode(node, { range }));
  }

  /** Takes a node's layers away, and with them its load and what was measured of them. */
  deallocate(nodeId: string): void {
    const node = this.get(nodeId);
    this.#put(withNode(node, { range: undefined, currentRequests: 0, measuredLayerLatencyMs: undefined }));
  }

  reallocate(nodeId: string, range: LayerRange): void {
    this.get(nodeId);
    this.#checkRange(nodeId, range);
    this.deallocate(nodeId);
    this.allocate(nodeId, range);
  }

  fullPathCount(): number {
    return countFullPaths(
      this.placed.map(({ range }) => range),
      this.model.numLayers,
    );
  }

  #put(node: PipelineNode): void {
    this.#nodes.set(node.id, node);
    if (node.range === undefined) this.#table.remove(node.id);
    else this.#table.add(node.id, node.range, kvBytesPerHeldLayer(node)!);
  }

  #checkRange(nodeId: string, { start, end }: LayerRange): void {
    const field = `nodes[${nodeId}].range`;
    checkNumber(`${field}.start`, start, { min: 0, max: this.model.numLayers - 1, isWhole: true });
    checkNumber(`${field}.end`, end, { min: start + 1, max: this.model.numLayers, isWhole: true });
  }
}

function isPlaced(node: PipelineNode): node is PlacedNode {
  return node.range !== undefined;
}
