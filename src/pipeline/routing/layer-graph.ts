/** The layer graph: nodes as edges from the first layer they run to the one after their last, joined by links. */

import { LinkTable } from './link-table.ts';

/** A node as a route sees it. */
export interface Stage {
  readonly nodeId: string;
  /** It runs the layers from here … */
  readonly startLayer: number;
  /** … up to here, without this one. */
  readonly endLayer: number;
  /** Milliseconds that all its layers take together for one step, as busy as it is; `Infinity`: it takes no request. */
  readonly latencyMs: number;
  /** The most requests it may have at a time. */
  readonly limit: number;
  /** How many more it may take now. */
  readonly room: number;
  /** Steps per second when it is full. */
  readonly stepsPerSecond: number;
}

interface Entry {
  stage: Stage;
  readonly slot: number;
}

export class LayerGraph {
  readonly layers: number;
  readonly links: LinkTable;
  readonly #entries = new Map<string, Entry>();
  /** By first layer, in the order in which they came. */
  readonly #starting: Entry[][];
  #structure = 0;

  constructor(layers: number, links = new LinkTable({ assumedRttMs: Number.POSITIVE_INFINITY })) {
    this.layers = layers;
    this.links = links;
    this.#starting = Array.from({ length: layers }, () => []);
  }

  /** Another number after each change of what is more than load: ranges, limits, links. */
  get structure(): number {
    return this.#structure;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Takes a node in, or what has changed of it. */
  put(stage: Stage): void {
    const known = this.#entries.get(stage.nodeId);
    if (known !== undefined && isSameStructure(known.stage, stage)) {
      known.stage = stage;
      return;
    }
    this.#structure++;
    if (known !== undefined && known.stage.startLayer === stage.startLayer) {
      known.stage = stage;
      return;
    }
    if (known !== undefined) this.remove(stage.nodeId);
    const entry: Entry = { stage, slot: this.links.join(stage.nodeId) };
    this.#entries.set(stage.nodeId, entry);
    this.#starting[stage.startLayer]!.push(entry);
  }

  /** The node runs no layers any more; its links stay known. */
  remove(nodeId: string): void {
    const entry = this.#entries.get(nodeId);
    if (entry === undefined) return;
    this.#entries.delete(nodeId);
    const bucket = this.#starting[entry.stage.startLayer]!;
    bucket.splice(bucket.indexOf(entry), 1);
    this.#structure++;
  }

  /** To be called after links were reported. */
  linksChanged(): void {
    this.#structure++;
  }

  stage(nodeId: string): Stage | undefined {
    return this.#entries.get(nodeId)?.stage;
  }

  *stages(): Iterable<Stage> {
    for (const { stage } of this.#entries.values()) yield stage;
  }

  /** The nodes whose first layer is this one. */
  startingAt(layer: number): readonly { readonly stage: Stage; readonly slot: number }[] {
    return this.#starting[layer] ?? [];
  }
}

function isSameStructure(one: Stage, other: Stage): boolean {
  return (
    one.startLayer === other.startLayer &&
    one.endLayer === other.endLayer &&
    one.limit === other.limit &&
    one.stepsPerSecond === other.stepsPerSecond
  );
}

/** Whether a request could go there now. */
export function isOpen({ room, latencyMs }: Stage): boolean {
  return room > 0 && latencyMs < Number.POSITIVE_INFINITY;
}
