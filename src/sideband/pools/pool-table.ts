/** All pools, by name and partition, in the order in which they came. */

import { Pool, type PoolKey, type PoolSettings, poolKey } from './pool.ts';

export class PoolTable {
  readonly #pools = new Map<PoolKey, Pool>();

  get(name: string, partition: string): Pool | undefined {
    return this.#pools.get(poolKey({ name, partition }));
  }

  all(): readonly Pool[] {
    return [...this.#pools.values()];
  }

  /** The pool with these settings; a new one when there is none of this name and partition. */
  ensure(settings: PoolSettings): Pool {
    const key = poolKey(settings);
    const known = this.#pools.get(key);
    if (known !== undefined) {
      known.configure(settings);
      return known;
    }
    const pool = new Pool(settings);
    this.#pools.set(key, pool);
    return pool;
  }

  remove(settings: Pick<PoolSettings, 'name' | 'partition'>): void {
    this.#pools.delete(poolKey(settings));
  }

  /** Takes over changed settings: pools that are no longer there go, the others keep their members. */
  configure(wanted: readonly PoolSettings[]): void {
    const keys = new Set(wanted.map(poolKey));
    for (const key of this.#pools.keys()) if (!keys.has(key)) this.#pools.delete(key);
    for (const settings of wanted) this.#pools.get(poolKey(settings))?.configure(settings);
  }
}
