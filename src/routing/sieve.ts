/** A profile's filters, one after the other: each looks only at what those before it left. */

import type { RequestMetadata } from '../domain/index.ts';
import type { InstanceView } from './instance-view.ts';
import type { Filter, RoutingContext } from './plugins.ts';

export class Sieve {
  readonly #filters: readonly Filter[];
  /** What every filter left, in the order of the views. */
  readonly kept: InstanceView[] = [];
  /** Per filter, how many it dropped. */
  readonly counts: Uint32Array;
  /** Per view, the number (from 1) of the filter that dropped it; 0 when none did. */
  dropped = new Uint8Array(16);
  /** Marks on what is left; all 0 between two filters. */
  #marks = new Uint8Array(16);
  /** Where among the views each of those that are left is. */
  #places = new Uint32Array(16);

  constructor(filters: readonly Filter[]) {
    this.#filters = filters;
    this.counts = new Uint32Array(filters.length);
  }

  /** Overwrites what the last call found. */
  apply(request: RequestMetadata, views: readonly InstanceView[], context: RoutingContext): void {
    this.#makeRoomFor(views.length);
    this.dropped.fill(0, 0, views.length);
    this.counts.fill(0);
    let left = views;
    for (let f = 0; f < this.#filters.length && left.length > 0; f++) {
      const marks = left === views ? this.dropped : this.#marks;
      this.#filters[f]!.apply(request, left, marks, f + 1, context);
      if (!isMarked(marks, left.length, f + 1)) continue;
      const before = left.length;
      if (left === views) this.#takeFrom(views);
      else this.#shrink(before, f + 1);
      left = this.kept;
      this.counts[f] = before - left.length;
    }
    if (left === views) this.#takeFrom(views);
  }

  /** The first time that some are dropped, or that none ever were. */
  #takeFrom(views: readonly InstanceView[]): void {
    const { kept, dropped } = this;
    const places = this.#places;
    let count = 0;
    for (let i = 0; i < views.length; i++) {
      if (dropped[i] !== 0) continue;
      kept[count] = views[i]!;
      places[count++] = i;
    }
    kept.length = count;
  }

  #shrink(before: number, mark: number): void {
    const { kept, dropped } = this;
    const marks = this.#marks;
    const places = this.#places;
    let count = 0;
    for (let i = 0; i < before; i++) {
      if (marks[i] === 0) {
        kept[count] = kept[i]!;
        places[count++] = places[i]!;
      } else {
        marks[i] = 0;
        dropped[places[i]!] = mark;
      }
    }
    kept.length = count;
  }

  #makeRoomFor(count: number): void {
    if (count <= this.dropped.length) return;
    const size = 2 ** Math.ceil(Math.log2(count));
    this.dropped = new Uint8Array(size);
    this.#marks = new Uint8Array(size);
    this.#places = new Uint32Array(size);
  }
}

/** The engine's own search is the faster one where there is much to search, and costs a call where there is not. */
function isMarked(marks: Uint8Array, count: number, mark: number): boolean {
  if (count > 64) return marks.indexOf(mark) >= 0;
  for (let i = 0; i < count; i++) if (marks[i] === mark) return true;
  return false;
}
