/** Chance as something handed in and seedable, so that a run can be repeated. */

export interface Random {
  /** A number in [0, 1). */
  next(): number;
}

/**
 * A seeded generator: Mulberry32 (Tommy Ettinger, public domain), 32 bits of state, period 2^32.
 * @param seed any integer; its low 32 bits count
 */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    },
  };
}

/** A whole number in [0, count). */
export function randomIndex(random: Random, count: number): number {
  return Math.floor(random.next() * count);
}
