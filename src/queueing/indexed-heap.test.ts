import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HeapSlot, heapSlot, IndexedHeap } from './indexed-heap.ts';

describe('an indexed heap', () => {
  it('gives items in the order of their keys, equal keys in the order of joining', () => {
    const heap = new IndexedHeap<string>();
    const keys = { late: 9, first: 1, second: 1, early: 0 };
    let order = 0;
    for (const [name, key] of Object.entries(keys)) heap.push(heapSlot(name), key, order++);
    const names = [];
    for (let slot = heap.pop(); slot !== undefined; slot = heap.pop()) names.push(slot.item);
    expect(names).toEqual(['early', 'first', 'second', 'late']);
  });

  it('refuses an item that is in it already', () => {
    const heap = new IndexedHeap<string>();
    const slot = heapSlot('a');
    heap.push(slot, 1, 1);
    expect(() => heap.push(slot, 2, 2)).toThrow('in the heap already');
  });

  it('takes no notice of the removal of an item that is not in it', () => {
    const heap = new IndexedHeap<string>();
    heap.push(heapSlot('a'), 1, 1);
    heap.remove(heapSlot('b'));
    expect(heap.size).toBe(1);
  });

  it('behaves as a sorted list under any pushes, pops and removals', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('push' as const), key: fc.integer({ min: 0, max: 20 }) }),
      fc.record({ do: fc.constant('pop' as const) }),
      fc.record({ do: fc.constant('remove' as const), at: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const heap = new IndexedHeap<number>();
        let model: HeapSlot<number>[] = [];
        steps.forEach((action, order) => {
          if (action.do === 'push') {
            const slot = heapSlot(order);
            heap.push(slot, action.key, order);
            model.push(slot);
            model.sort((a, b) => a.key - b.key || a.order - b.order);
          } else if (action.do === 'pop') {
            expect(heap.pop()).toBe(model.shift());
          } else if (model.length > 0) {
            const slot = model[action.at % model.length]!;
            heap.remove(slot);
            expect(slot.index).toBe(-1);
            model = model.filter((other) => other !== slot);
          }
          expect(heap.size).toBe(model.length);
          expect(heap.peek()).toBe(model[0]);
          expect(new Set(heap.items())).toEqual(new Set(model.map(({ item }) => item)));
          expect([...heap.keys()].sort((a, b) => a - b)).toEqual(model.map(({ key }) => key));
        });
      }),
    );
  });
});
