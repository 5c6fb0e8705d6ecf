/** Pending tasks that are to be looked at, each once, by whoever has time for it. */

export class LookLine {
  readonly #pending: ReadonlySet<string>;
  readonly #ids = new Set<string>();
  readonly #idle: ((id: string | undefined) => void)[] = [];
  #turn: Iterator<string>;
  #isClosed = false;

  /** @param pending what it holds may be taken out meanwhile, by anybody */
  constructor(pending: ReadonlySet<string>) {
    this.#pending = pending;
    this.#turn = pending.values();
  }

  add(id: string): void {
    if (!this.#pending.has(id) || this.#isClosed) return;
    const idle = this.#idle.pop();
    if (idle === undefined) this.#ids.add(id);
    else idle(id);
  }

  addAll(): void {
    for (const id of this.#pending) this.add(id);
  }

  /** The next so many in turn, so that each has its turn whatever the others do. */
  addNext(count: number): void {
    for (let left = Math.min(count, this.#pending.size); left > 0; left--) {
      let next = this.#turn.next();
      if (next.done) {
        this.#turn = this.#pending.values();
        next = this.#turn.next();
      }
      if (!next.done) this.add(next.value);
    }
  }

  /** Hands out one after the other until it is closed. */
  async empty(look: (id: string) => Promise<unknown>): Promise<void> {
    for (let id = await this.#next(); id !== undefined; id = await this.#next()) await look(id);
  }

  close(): void {
    this.#isClosed = true;
    for (const idle of this.#idle.splice(0)) idle(undefined);
  }

  #next(): Promise<string | undefined> {
    if (this.#isClosed) return Promise.resolve(undefined);
    const [id] = this.#ids;
    if (id === undefined) return new Promise((resolve) => this.#idle.push(resolve));
    this.#ids.delete(id);
    return Promise.resolve(id);
  }
}
