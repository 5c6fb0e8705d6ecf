/** Tells which other processes are dead: those whose count of beats stands still while we look, by our own monotonic clock. */

interface Watched {
  beat: string;
  silentMs: number;
}

/**
 * No wall clock takes part, so that one that jumps kills nobody. A time in which we could not look ourselves (the storage was away, this
 * process stood still) counts at most half of what is allowed: the others may have been cut off just so.
 */
export class Liveness {
  readonly #heartbeatMs: number;
  readonly #watched = new Map<string, Watched>();
  #lookedMs: number | undefined;

  constructor(heartbeatMs: number) {
    this.#heartbeatMs = heartbeatMs;
  }

  /** Of all `processes` as stored now, those that are dead. */
  look<P extends { readonly id: string; readonly beat: string }>(
    processes: readonly P[],
    nowMs: number,
  ): readonly P[] {
    const passedMs = Math.min(nowMs - (this.#lookedMs ?? nowMs), this.#heartbeatMs / 2);
    this.#lookedMs = nowMs;
    const present = new Set(processes.map((process) => process.id));
    for (const id of this.#watched.keys()) if (!present.has(id)) this.#watched.delete(id);
    return processes.filter((process) => this.#isDead(process, passedMs));
  }

  #isDead({ id, beat }: { readonly id: string; readonly beat: string }, passedMs: number): boolean {
    const watched = this.#watched.get(id);
    if (watched === undefined || watched.beat !== beat) {
      this.#watched.set(id, { beat, silentMs: 0 });
      return false;
    }
    watched.silentMs += passedMs;
    return watched.silentMs >= this.#heartbeatMs;
  }
}
