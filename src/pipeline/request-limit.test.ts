import { expect, it } from 'vitest';
import { aModel, aNode } from './__fixtures__/fleets.ts';
import { kvBytesPerHeldLayer, requestLimit } from './request-limit.ts';

/** 1 GiB of cache for each request of 4096 tokens, for each layer. */
const MODEL = aModel();
const HALF = { start: 0, end: 6 };

it.each([
  ['what the KV cache holds, where that is less', 100, 16, 10],
  ['what is configured, where that is less', 100, 4, 4],
  ['what the KV cache holds, where nothing is configured', 100, undefined, 10],
  ['one at least', 5, 16, 1],
])('the limit is %s', (_name, weightGb, maxConcurrentRequests, expected) => {
  expect(requestLimit(aNode('a', weightGb, { range: HALF, maxConcurrentRequests }), MODEL)).toBe(expected);
});

it('counts the caches of all GPUs', () => {
  const node = aNode('a', 50, { range: HALF, hardware: { gpuCount: 2 } });
  expect(requestLimit(node, MODEL)).toBe(10);
});

it('is as configured for a node by hand, and without a cache', () => {
  expect(requestLimit(aNode('a', 5, { range: HALF, isManual: true }), MODEL)).toBe(16);
  expect(requestLimit(aNode('a', 5, { range: HALF }), aModel({ numKvHeads: 0, numAttentionHeads: 64 }))).toBe(
    16,
  );
});

it('shares the cache between the layers that a node holds', () => {
  expect(kvBytesPerHeldLayer(aNode('a', 100, { range: HALF }))).toBe(10 * 2 ** 30);
  expect(kvBytesPerHeldLayer(aNode('a', 100))).toBeUndefined();
});
