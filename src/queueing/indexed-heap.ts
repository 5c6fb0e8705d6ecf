/** A binary heap whose items know their place, so that any of them can be removed in O(log n). */

/** An item's place in one heap. Each item carries one slot per heap that it is in. */
export interface HeapSlot<Item> {
  readonly item: Item;
  key: number;
  /** Breaks ties: the lower first. */
  order: number;
  /** -1 while outside the heap. */
  index: number;
}

export function heapSlot<Item>(item: Item): HeapSlot<Item> {
  return { item, key: 0, order: 0, index: -1 };
}

export class IndexedHeap<Item> {
  readonly #slots: HeapSlot<Item>[] = [];

  get size(): number {
    return this.#slots.length;
  }

  peek(): HeapSlot<Item> | undefined {
    return this.#slots[0];
  }

  /** The slot at `index` of the heap's array: the first few hold small keys, in no exact order. */
  at(index: number): HeapSlot<Item> | undefined {
    return this.#slots[index];
  }

  /** Gives a slot that is in the heap another key. */
  rekey(slot: HeapSlot<Item>, key: number): void {
    const isUp = key < slot.key;
    slot.key = key;
    if (isUp) this.#siftUp(slot, slot.index);
    else this.#siftDown(slot, slot.index);
  }

  push(slot: HeapSlot<Item>, key: number, order: number): void {
    if (slot.index !== -1) throw new Error('the item is in the heap already');
    slot.key = key;
    slot.order = order;
    this.#slots.push(slot);
    this.#siftUp(slot, this.#slots.length - 1);
  }

  pop(): HeapSlot<Item> | undefined {
    const first = this.#slots[0];
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Does nothing when the slot is not in the heap. */
  remove(slot: HeapSlot<Item>): void {
    const index = slot.index;
    if (index === -1) return;
    const last = this.#slots.pop()!;
    slot.index = -1;
    if (last === slot) return;
    this.#siftUp(last, index);
    this.#siftDown(last, last.index);
  }

  /** Every item, in no particular order. */
  *items(): IterableIterator<Item> {
    for (const slot of this.#slots) yield slot.item;
  }

  /** The keys as they lie, for statistics. */
  keys(): Float64Array {
    const keys = new Float64Array(this.#slots.length);
    for (let i = 0; i < keys.length; i++) keys[i] = this.#slots[i]!.key;
    return keys;
  }

  #siftUp(slot: HeapSlot<Item>, from: number): void {
    const slots = this.#slots;
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = slots[parentIndex]!;
      if (!goesBefore(slot, parent)) break;
      slots[index] = parent;
      parent.index = index;
      index = parentIndex;
    }
    slots[index] = slot;
    slot.index = index;
  }

  #siftDown(slot: HeapSlot<Item>, from: number): void {
    const slots = this.#slots;
    const size = slots.length;
    let index = from;
    for (;;) {
      let childIndex = 2 * index + 1;
      if (childIndex >= size) break;
      const right = slots[childIndex + 1];
      let child = slots[childIndex]!;
      if (right !== undefined && goesBefore(right, child)) {
        child = right;
        childIndex++;
      }
      if (!goesBefore(child, slot)) break;
      slots[index] = child;
      child.index = index;
      index = childIndex;
    }
    slots[index] = slot;
    slot.index = index;
  }
}

function goesBefore<Item>(a: HeapSlot<Item>, b: HeapSlot<Item>): boolean {
  return a.key < b.key || (a.key === b.key && a.order < b.order);
}
