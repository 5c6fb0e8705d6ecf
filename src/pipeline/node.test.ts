import { describe, expect, it } from 'vitest';
import { aNode } from './__fixtures__/fleets.ts';
import { withNode } from './node.ts';

describe('a node', () => {
  it('keeps half of its memory for weights and 0.3 for the KV cache, and takes 16 requests', () => {
    expect(aNode('a', 10)).toMatchObject({
      paramMemoryShare: 0.5,
      kvCacheMemoryShare: 0.3,
      maxConcurrentRequests: 16,
      maxSequenceLength: 4096,
      currentRequests: 0,
      isActive: true,
    });
  });

  it('is replaced by a changed one', () => {
    const node = aNode('a', 10);
    const busy = withNode(node, { currentRequests: 3, range: { start: 0, end: 4 } });
    expect([node.currentRequests, busy.currentRequests, busy.range]).toEqual([0, 3, { start: 0, end: 4 }]);
    expect('range' in withNode(busy, { range: undefined })).toBe(false);
  });

  it.each([
    [() => aNode('', 10), 'node.id is ""; a name is wanted'],
    [() => aNode('a', 0), 'nodes[a].hardware.memoryGb is 0; a number of above 0 is wanted'],
    [() => aNode('a', -4), 'nodes[a].hardware.memoryGb is -8'],
    [() => aNode('a', 1, { hardware: { tflopsFp16: 0 } }), 'nodes[a].hardware.tflopsFp16 is 0'],
    [() => aNode('a', 1, { hardware: { memoryBandwidthGBps: Number.NaN } }), 'memoryBandwidthGBps is NaN'],
    [
      () => aNode('a', 1, { hardware: { gpuCount: 1.5 } }),
      'nodes[a].hardware.gpuCount is 1.5; a whole number',
    ],
    [
      () => aNode('a', 1, { paramMemoryShare: 1.1 }),
      'paramMemoryShare is 1.1; a number of at least 0 and at most 1',
    ],
    [() => aNode('a', 1, { maxConcurrentRequests: 0 }), 'nodes[a].maxConcurrentRequests is 0'],
    [() => aNode('a', 1, { rttMs: new Map([['b', Number.NaN]]) }), 'nodes[a].rttMs[b] is NaN'],
    [
      () => aNode('a', 1, { range: { start: 3, end: 3 } }),
      'nodes[a].range.end is 3; a whole number of at least 4',
    ],
  ])('is refused: %s', (make, message) => {
    expect(make).toThrow(message);
  });

  it('may know that there is no way to another one', () => {
    expect(aNode('a', 1, { rttMs: new Map([['b', Number.POSITIVE_INFINITY]]) }).rttMs.get('b')).toBe(
      Infinity,
    );
  });
});
