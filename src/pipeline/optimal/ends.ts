/** Which nodes of a pipeline should hold the embedding and the head, so that it holds the most layers. */

import type { ByPlace } from './candidate.ts';

/** No matter how many layers are needed, this pipeline cannot be. */
export const IMPOSSIBLE = -Infinity;

/** The most layers that these nodes hold together; each of them holds one at least. */
export function mostLayers(members: readonly ByPlace[]): number {
  if (members.length === 1) return members[0]!.alone >= 1 ? members[0]!.alone : IMPOSSIBLE;
  const tally = new EndsTally();
  for (const member of members) tally.add(member);
  return tally.layers;
}

/** The same, one node at a time, for two nodes and more. */
export class EndsTally {
  #middle = 0;
  #count = 0;
  /** Least loss of layers as first node, and the least among the others; the same for the last. */
  #first = Infinity;
  #firstIndex = -1;
  #nextFirst = Infinity;
  #last = Infinity;
  #lastIndex = -1;
  #nextLast = Infinity;

  add({ middle, first, last }: ByPlace): void {
    const index = this.#count++;
    this.#middle += middle >= 1 ? middle : IMPOSSIBLE;
    const asFirst = first >= 1 ? middle - first : Infinity;
    const asLast = last >= 1 ? middle - last : Infinity;
    if (asFirst < this.#first) {
      this.#nextFirst = this.#first;
      this.#first = asFirst;
      this.#firstIndex = index;
    } else if (asFirst < this.#nextFirst) this.#nextFirst = asFirst;
    if (asLast < this.#last) {
      this.#nextLast = this.#last;
      this.#last = asLast;
      this.#lastIndex = index;
    } else if (asLast < this.#nextLast) this.#nextLast = asLast;
  }

  get layers(): number {
    if (this.#count < 2) return IMPOSSIBLE;
    return this.#middle - this.loss;
  }

  /** Layers that the two ends cost; Infinity where no two nodes can be the ends. */
  get loss(): number {
    return this.#firstIndex !== this.#lastIndex
      ? this.#first + this.#last
      : Math.min(this.#nextFirst + this.#last, this.#first + this.#nextLast);
  }
}
