/** Windows by name, bounded in number: the one fed longest ago makes room. */

import type { RequestFigures } from '../../domain/index.ts';
import { RequestWindow } from './request-window.ts';
import type { WindowOptions } from './sliding-window.ts';

export class Groups {
  readonly #options: WindowOptions;
  readonly #maxGroups: number;
  /** In order of last feeding. */
  readonly #groups = new Map<string, RequestWindow>();

  constructor(options: WindowOptions, maxGroups: number) {
    this.#options = options;
    this.#maxGroups = maxGroups;
  }

  get size(): number {
    return this.#groups.size;
  }

  /** To be fed. */
  group(name: string): RequestWindow {
    const group = this.#groups.get(name) ?? new RequestWindow(this.#options);
    this.#groups.delete(name);
    this.#groups.set(name, group);
    if (this.#groups.size > this.#maxGroups) this.#groups.delete(this.#groups.keys().next().value!);
    return group;
  }

  /** Of the groups that were fed last, the latest first. */
  latest(limit: number, nowMs: number): ReadonlyMap<string, RequestFigures> {
    const last = [...this.#groups].slice(-limit).reverse();
    return new Map(last.map(([name, window]) => [name, window.figures(nowMs)]));
  }

  figures(name: string, nowMs: number): RequestFigures {
    return (this.#groups.get(name) ?? new RequestWindow(this.#options)).figures(nowMs);
  }
}
