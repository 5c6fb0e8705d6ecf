/** The greatest flow from a source to a sink, by Dinic's algorithm (Dinic 1970): O(V²E), far less on layered graphs. */

/** What is smaller is rounding, for capacities that are rates. */
const NOTHING = 1e-9;

interface Edges {
  readonly to: number[];
  readonly room: number[];
  readonly given: number[];
}

export class FlowNetwork {
  readonly #out: number[][] = [];
  readonly #edges: Edges = { to: [], room: [], given: [] };

  /** A new vertex, by its number. */
  vertex(): number {
    return this.#out.push([]) - 1;
  }

  /** An edge, by a number with which its flow can be asked. */
  edge(from: number, to: number, capacity: number): number {
    const id = this.#half(from, to, capacity);
    this.#half(to, from, 0);
    return id;
  }

  /** Flow through this edge after `run`. */
  flow(edge: number): number {
    return this.#edges.room[edge ^ 1]!;
  }

  /** What goes from `source` to `sink` at most; adds to the flow that is there. */
  run(source: number, sink: number): number {
    let sum = 0;
    for (let levels = this.#levels(source); levels[sink]! >= 0; levels = this.#levels(source)) {
      const next = new Int32Array(this.#out.length);
      for (let pushed = this.#push(source, sink, levels, next); pushed > NOTHING; ) {
        sum += pushed;
        pushed = this.#push(source, sink, levels, next);
      }
    }
    return sum;
  }

  #half(from: number, to: number, capacity: number): number {
    const id = this.#edges.to.push(to) - 1;
    this.#edges.room.push(capacity);
    this.#out[from]!.push(id);
    return id;
  }

  #levels(source: number): Int32Array {
    const levels = new Int32Array(this.#out.length).fill(-1);
    levels[source] = 0;
    const line = [source];
    for (const vertex of line) {
      for (const edge of this.#out[vertex]!) {
        const to = this.#edges.to[edge]!;
        if (levels[to]! >= 0 || this.#edges.room[edge]! <= NOTHING) continue;
        levels[to] = levels[vertex]! + 1;
        line.push(to);
      }
    }
    return levels;
  }

  /** One more path along rising levels; iterative, since chains may be long. */
  #push(source: number, sink: number, levels: Int32Array, next: Int32Array): number {
    const { to, room } = this.#edges;
    const path: number[] = [];
    let at = source;
    while (at !== sink) {
      const out = this.#out[at]!;
      while (next[at]! < out.length) {
        const edge = out[next[at]!]!;
        if (room[edge]! > NOTHING && levels[to[edge]!] === levels[at]! + 1) break;
        next[at]!++;
      }
      if (next[at]! < out.length) {
        const edge = out[next[at]!]!;
        path.push(edge);
        at = to[edge]!;
        continue;
      }
      const back = path.pop();
      if (back === undefined) return 0;
      at = to[back ^ 1]!;
      next[at]!++;
    }
    const pushed = Math.min(...path.map((edge) => room[edge]!));
    for (const edge of path) {
      room[edge]! -= pushed;
      room[edge ^ 1]! += pushed;
    }
    return pushed;
  }
}
