/** A doubly linked list whose nodes are kept by their owners, so that leaving it costs O(1). */

export interface ListNode<Item> {
  readonly item: Item;
  previous: ListNode<Item> | undefined;
  next: ListNode<Item> | undefined;
}

export class LinkedList<Item> {
  #first: ListNode<Item> | undefined;
  #last: ListNode<Item> | undefined;

  get first(): ListNode<Item> | undefined {
    return this.#first;
  }

  get last(): ListNode<Item> | undefined {
    return this.#last;
  }

  append(item: Item): ListNode<Item> {
    const node: ListNode<Item> = { item, previous: this.#last, next: undefined };
    if (this.#last === undefined) this.#first = node;
    else this.#last.next = node;
    this.#last = node;
    return node;
  }

  /** The node must be in this list. */
  remove(node: ListNode<Item>): void {
    if (node.previous === undefined) this.#first = node.next;
    else node.previous.next = node.next;
    if (node.next === undefined) this.#last = node.previous;
    else node.next.previous = node.previous;
    node.previous = undefined;
    node.next = undefined;
  }
}
