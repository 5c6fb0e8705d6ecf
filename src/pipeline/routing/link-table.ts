/** Round-trip times between nodes, as reported: late, for one direction only, or of nodes that have not joined yet. */

export interface LinkSettings {
  /**
   * What a link costs that nobody has measured, in milliseconds. `Infinity`: it is not used until somebody measures it.
   */
  readonly assumedRttMs: number;
}

/**
 * Every node has a slot, so that a route through a thousand nodes reads numbers from arrays. A link costs what its sender
 * measured, else what its receiver measured, else what is assumed.
 */
export class LinkTable {
  readonly #assumedMs: number;
  readonly #slots = new Map<string, number>();
  readonly #free: number[] = [];
  readonly #reports = new Map<string, ReadonlyMap<string, number>>();
  /** By sender and receiver; what is not there is assumed. */
  readonly #rows: (Float64Array | undefined)[] = [];
  #size = 0;
  /** Pairs that nobody measured, and pairs that somebody found out of reach. */
  #unmeasured = 0;
  #unreachable = 0;

  constructor({ assumedRttMs }: LinkSettings) {
    this.#assumedMs = assumedRttMs;
  }

  /** How many slots were ever taken at a time: arrays by slot are this long. */
  get size(): number {
    return this.#size;
  }

  /** Whether some pair of present nodes cannot be used. */
  get hasUnusable(): boolean {
    return this.#unreachable > 0 || (!Number.isFinite(this.#assumedMs) && this.#unmeasured > 0);
  }

  slotOf(id: string): number | undefined {
    return this.#slots.get(id);
  }

  /** Gives the node a slot, and looks up what others have already said of it. */
  join(id: string): number {
    const known = this.#slots.get(id);
    if (known !== undefined) return known;
    const slot = this.#free.pop() ?? this.#size++;
    this.#slots.set(id, slot);
    this.#unmeasured += 2 * (this.#slots.size - 1);
    for (const other of this.#slots.keys()) if (other !== id) this.#settle(id, other);
    return slot;
  }

  /** Its slot may be another node's from now on. What others measured to it stays, for its return. */
  leave(id: string): void {
    const slot = this.#slots.get(id);
    if (slot === undefined) return;
    for (const [other, at] of this.#slots) {
      if (other === id) continue;
      this.#write(slot, at, Number.NaN);
      this.#write(at, slot, Number.NaN);
    }
    this.#unmeasured -= 2 * (this.#slots.size - 1);
    this.#slots.delete(id);
    this.#reports.delete(id);
    this.#free.push(slot);
  }

  /** Replaces all that the node has said of its links. */
  report(id: string, rttsMs: ReadonlyMap<string, number>): void {
    const before = this.#reports.get(id) ?? new Map<string, number>();
    this.#reports.set(id, new Map(rttsMs));
    if (!this.#slots.has(id)) return;
    for (const other of new Set([...before.keys(), ...rttsMs.keys()])) {
      if (other !== id && this.#slots.has(other)) this.#settle(id, other);
    }
  }

  reportOf(id: string): ReadonlyMap<string, number> {
    return this.#reports.get(id) ?? new Map();
  }

  /** Milliseconds between two nodes by their names. */
  rttMs(from: string, to: string): number {
    if (from === to) return 0;
    return this.#reports.get(from)?.get(to) ?? this.#reports.get(to)?.get(from) ?? this.#assumedMs;
  }

  /** The same by their slots, for loops. */
  between(from: number, to: number): number {
    const measured = this.#rows[from]?.[to];
    return measured === undefined || Number.isNaN(measured) ? this.#assumedMs : measured;
  }

  #settle(one: string, other: string): void {
    const [a, b] = [this.#slots.get(one)!, this.#slots.get(other)!];
    this.#write(a, b, this.#measured(one, other));
    this.#write(b, a, this.#measured(other, one));
  }

  #measured(from: string, to: string): number {
    return this.#reports.get(from)?.get(to) ?? this.#reports.get(to)?.get(from) ?? Number.NaN;
  }

  #write(from: number, to: number, rttMs: number): void {
    const row = this.#rows[from];
    const before = row?.[to] ?? Number.NaN;
    if (Object.is(before, rttMs)) return;
    const wide = row !== undefined && to < row.length ? row : widened(row, Math.max(this.#size, to + 1));
    wide[to] = rttMs;
    this.#rows[from] = wide;
    this.#unmeasured += Number(Number.isNaN(rttMs)) - Number(Number.isNaN(before));
    this.#unreachable += Number(isOutOfReach(rttMs)) - Number(isOutOfReach(before));
  }
}

const isOutOfReach = (rttMs: number): boolean => rttMs === Number.POSITIVE_INFINITY;

function widened(row: Float64Array | undefined, size: number): Float64Array {
  const wide = new Float64Array(Math.max(16, Math.ceil(size * 1.5))).fill(Number.NaN);
  if (row !== undefined) wide.set(row);
  return wide;
}
