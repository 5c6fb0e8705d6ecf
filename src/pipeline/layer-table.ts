/** Who holds each layer, and how much KV cache there is for it. */

import type { LayerRange } from './layer-range.ts';

interface Share {
  readonly range: LayerRange;
  readonly kvBytesPerLayer: number;
}

/** Exact under any order of `add` and `remove`: sums are of whole numbers, and what is removed is what was added. */
export class LayerTable {
  readonly #kvBytes: number[];
  readonly #hostCounts: number[];
  readonly #shares = new Map<string, Share>();

  constructor(numLayers: number) {
    this.#kvBytes = new Array<number>(numLayers).fill(0);
    this.#hostCounts = new Array<number>(numLayers).fill(0);
  }

  get numLayers(): number {
    return this.#kvBytes.length;
  }

  /** KV bytes for each layer, over all its hosts. */
  get kvBytes(): readonly number[] {
    return this.#kvBytes;
  }

  /** How many nodes hold each layer. */
  get hostCounts(): readonly number[] {
    return this.#hostCounts;
  }

  /** The node's share of each layer grows by `kvBytesPerLayer`; a node that has a share already gives that up first. */
  add(nodeId: string, range: LayerRange, kvBytesPerLayer: number): void {
    this.remove(nodeId);
    this.#shares.set(nodeId, { range, kvBytesPerLayer });
    this.#change(range, kvBytesPerLayer, 1);
  }

  remove(nodeId: string): void {
    const share = this.#shares.get(nodeId);
    if (share === undefined) return;
    this.#shares.delete(nodeId);
    this.#change(share.range, -share.kvBytesPerLayer, -1);
  }

  /** In the order in which they came. */
  hostsOf(layer: number): readonly string[] {
    return [...this.#shares].filter(([, { range }]) => contains(range, layer)).map(([nodeId]) => nodeId);
  }

  /** The first layer with the least KV cache. */
  lightestLayer(): number {
    let lightest = 0;
    for (const [layer, bytes] of this.#kvBytes.entries()) {
      if (bytes < this.#kvBytes[lightest]!) lightest = layer;
    }
    return lightest;
  }

  #change({ start, end }: LayerRange, kvBytes: number, hosts: number): void {
    for (let layer = start; layer < end; layer++) {
      this.#kvBytes[layer]! += kvBytes;
      this.#hostCounts[layer]! += hosts;
    }
  }
}

const contains = ({ start, end }: LayerRange, layer: number) => start <= layer && layer < end;
