import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aModel, aNode } from './__fixtures__/fleets.ts';
import { NodeRegistry } from './node-registry.ts';
import { kvBytesPerHeldLayer } from './request-limit.ts';

const MODEL = aModel({ numLayers: 6 });

function registryOf(...ids: readonly string[]): NodeRegistry {
  const registry = new NodeRegistry(MODEL);
  for (const id of ids) registry.add(aNode(id, 10));
  return registry;
}

describe('a registry', () => {
  it('keeps nodes in the order in which they came, with and without layers', () => {
    const registry = registryOf('c', 'a', 'b');
    registry.allocate('a', { start: 0, end: 3 });
    expect(registry.nodes.map(({ id }) => id)).toEqual(['c', 'a', 'b']);
    expect(registry.placed.map(({ id }) => id)).toEqual(['a']);
    expect(registry.standby.map(({ id }) => id)).toEqual(['c', 'b']);
  });

  it('knows who holds each layer, and the lightest one', () => {
    const registry = registryOf('a', 'b');
    registry.allocate('a', { start: 0, end: 3 });
    registry.allocate('b', { start: 2, end: 5 });
    expect(registry.table.hostCounts).toEqual([1, 1, 2, 1, 1, 0]);
    expect(registry.table.hostsOf(2)).toEqual(['a', 'b']);
    expect(registry.table.kvBytes[0]).toBe(Math.floor((6 * 2 ** 30) / 3));
    expect(registry.table.lightestLayer()).toBe(5);
  });

  it('counts the chains that cover every layer once', () => {
    const registry = registryOf('a', 'b', 'c', 'd');
    registry.allocate('a', { start: 0, end: 3 });
    registry.allocate('b', { start: 3, end: 6 });
    registry.allocate('c', { start: 3, end: 6 });
    registry.allocate('d', { start: 2, end: 6 });
    expect(registry.fullPathCount()).toBe(2);
  });

  it('forgets what a node that leaves had held', () => {
    const registry = registryOf('a', 'b');
    registry.allocate('a', { start: 0, end: 6 });
    registry.remove('a');
    expect(registry.table.kvBytes).toEqual([0, 0, 0, 0, 0, 0]);
    expect(registry.has('a')).toBe(false);
  });

  it('clears load and measurements with the layers that they were of', () => {
    const registry = registryOf('a');
    registry.allocate('a', { start: 0, end: 6 });
    registry.update('a', { currentRequests: 4, measuredLayerLatencyMs: 3 });
    registry.reallocate('a', { start: 0, end: 2 });
    expect(registry.get('a')).toMatchObject({ currentRequests: 0, range: { start: 0, end: 2 } });
    expect(registry.get('a').measuredLayerLatencyMs).toBeUndefined();
  });
});

describe('what cannot be done is refused, and nothing of it is', () => {
  it.each<[string, (registry: NodeRegistry) => void, string]>([
    ['two nodes of a name', (r) => r.add(aNode('a', 1)), 'Node a is there already.'],
    ['an unknown node', (r) => r.allocate('x', { start: 0, end: 1 }), 'There is no node x.'],
    [
      'layers for who has some',
      (r) => r.allocate('a', { start: 3, end: 6 }),
      'Node a holds the layers [0, 3) already.',
    ],
    [
      'a range beyond the model',
      (r) => r.allocate('b', { start: 3, end: 7 }),
      'nodes[b].range.end is 7; a whole number of at least 4 and at most 6',
    ],
    ['a range before it', (r) => r.reallocate('a', { start: -1, end: 2 }), 'nodes[a].range.start is -1'],
    ['an empty range', (r) => r.reallocate('a', { start: 2, end: 2 }), 'nodes[a].range.end is 2'],
    [
      'a node that brings a bad range',
      (r) => r.add(aNode('c', 9, { range: { start: 2, end: 9 } })),
      'nodes[c].range.end is 9',
    ],
    ['a bad report', (r) => r.update('a', { currentRequests: -1 }), 'nodes[a].currentRequests is -1'],
  ])('%s', (_name, act, message) => {
    const registry = registryOf('a', 'b');
    registry.allocate('a', { start: 0, end: 3 });
    const before = { nodes: registry.nodes, kvBytes: [...registry.table.kvBytes] };
    expect(() => act(registry)).toThrow(message);
    expect({ nodes: registry.nodes, kvBytes: [...registry.table.kvBytes] }).toEqual(before);
  });
});

it('has a table that is the sum over its nodes after any sequence of events', () => {
  const step = fc.record({
    act: fc.constantFrom('add', 'remove', 'allocate', 'deallocate', 'reallocate', 'grow'),
    id: fc.constantFrom('a', 'b', 'c'),
    start: fc.integer({ min: -1, max: 6 }),
    length: fc.integer({ min: 0, max: 7 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const registry = new NodeRegistry(MODEL);
      for (const { act, id, start, length } of steps)
        attempt(registry, act, id, { start, end: start + length });
      const sums = new Array<number>(MODEL.numLayers).fill(0);
      for (const node of registry.placed) {
        for (let layer = node.range.start; layer < node.range.end; layer++) {
          sums[layer]! += kvBytesPerHeldLayer(node)!;
        }
      }
      expect(registry.table.kvBytes).toEqual(sums);
    }),
  );
});

function attempt(
  registry: NodeRegistry,
  act: string,
  id: string,
  range: { start: number; end: number },
): void {
  const hardware = {
    gpuName: 'other',
    gpuCount: 2,
    tflopsFp16: 1,
    memoryGb: 33,
    memoryBandwidthGBps: 1,
    device: '',
  };
  try {
    if (act === 'add') registry.add(aNode(id, 7));
    else if (act === 'remove') registry.remove(id);
    else if (act === 'allocate') registry.allocate(id, range);
    else if (act === 'deallocate') registry.deallocate(id);
    else if (act === 'reallocate') registry.reallocate(id, range);
    else registry.update(id, { hardware });
  } catch {
    // What is refused changes nothing, which is what is asked of it here.
  }
}
