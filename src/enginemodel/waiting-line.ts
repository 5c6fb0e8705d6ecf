/** The waiting requests, first come first served; cancelled ones are skipped when they come to the head. */

import type { Sequence } from './sequence.ts';

export class WaitingLine {
  #items: Sequence[] = [];
  #head = 0;
  #live = 0;

  /** How many wait, cancelled ones not counted. */
  get length(): number {
    return this.#live;
  }

  push(sequence: Sequence): void {
    this.#items.push(sequence);
    this.#live++;
  }

  /** Back to the head of the line: a preempted request goes on before newer ones. */
  putBack(sequence: Sequence): void {
    if (this.#head > 0) this.#items[--this.#head] = sequence;
    else this.#items.unshift(sequence);
    this.#live++;
  }

  /** Forgets a waiting request, which its owner has marked as cancelled. */
  forgetCancelled(): void {
    this.#live--;
  }

  peek(): Sequence | undefined {
    while (this.#items[this.#head]?.isCancelled) this.#drop();
    return this.#items[this.#head];
  }

  /** Takes the head that `peek` showed. */
  take(): void {
    this.#drop();
    this.#live--;
  }

  #drop(): void {
    this.#head++;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }
}
