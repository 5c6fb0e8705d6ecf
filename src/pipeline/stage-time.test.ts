import { describe, expect, it } from 'vitest';
import { aModel, aNode } from './__fixtures__/fleets.ts';
import { layerLatencyMs, quantizationSpeedup, rooflineStageMs, stageLatencyMs } from './stage-time.ts';

const MIDDLE = { start: 2, end: 6 };
const IDLE = { batchSize: 1, targetLength: 1, sourceLength: 0 };

describe('the roofline of a stage', () => {
  it('is the time to read its layers when one token is computed', () => {
    const ms = rooflineStageMs(aNode('a', 10), aModel(), MIDDLE, IDLE);
    expect(ms).toBeCloseTo((4 * 2 ** 30) / 1e9, 9);
  });

  it('is the time to compute when many are', () => {
    const work = { batchSize: 1, targetLength: 100_000, sourceLength: 0 };
    const flops = 4 * (2 ** 30 / 2) * 2 * 100_000;
    expect(rooflineStageMs(aNode('a', 10), aModel(), MIDDLE, work)).toBeCloseTo(flops / 1e11, 6);
  });

  it('grows with the layers: twice as many take twice as long', () => {
    const node = aNode('a', 10);
    const twice = rooflineStageMs(node, aModel(), { start: 2, end: 10 }, IDLE);
    expect(twice).toBeCloseTo(2 * rooflineStageMs(node, aModel(), MIDDLE, IDLE), 9);
  });

  it('has the LM head in it where the stage ends the model', () => {
    const last = { start: 8, end: 12 };
    const difference =
      rooflineStageMs(aNode('a', 10), aModel(), last, IDLE) -
      rooflineStageMs(aNode('a', 10), aModel(), MIDDLE, IDLE);
    expect(difference).toBeCloseTo((0.25 * 2 ** 30) / 1e9, 9);
  });

  it('is shared by the GPUs of a node', () => {
    const pair = aNode('a', 10, { hardware: { gpuCount: 2 } });
    expect(rooflineStageMs(pair, aModel(), MIDDLE, IDLE)).toBeCloseTo((2 * 2 ** 30) / 1e9, 9);
  });

  it('reads each unequal layer by its own size', () => {
    const model = aModel({ numLayers: 3, layerMemoryBytes: [2 ** 30, 3 * 2 ** 30, 2 ** 30] });
    expect(rooflineStageMs(aNode('a', 10), model, { start: 1, end: 2 }, IDLE)).toBeCloseTo(
      (3 * 2 ** 30) / 1e9,
      9,
    );
  });
});

it('reads only the experts that tokens choose', () => {
  const dense = { numLayers: 3, intermediateDim: 4096, numKvHeads: 0 };
  const sparse = aModel({ ...dense, numLocalExperts: 16, numExpertsPerToken: 2 });
  const one = rooflineStageMs(aNode('a', 100), sparse, { start: 1, end: 2 }, IDLE);
  expect(one).toBeCloseTo(2 * rooflineStageMs(aNode('a', 100), aModel(dense), { start: 1, end: 2 }, IDLE), 9);
});

it('takes small weights for faster, less what unpacking them costs', () => {
  expect([2, 1, 0.5, 4].map(quantizationSpeedup)).toEqual([1, 1.6, 3.2, 0.5]);
});

describe('the latency of a node', () => {
  const node = (changes: Parameters<typeof aNode>[2]) => aNode('a', 10, { range: MIDDLE, ...changes });

  it('is what it measured, and a little more the fuller it is, for each of its layers', () => {
    const busy = aNode('a', 100, { range: MIDDLE, measuredLayerLatencyMs: 2, currentRequests: 8 });
    // The cache has room for 15.
    expect(stageLatencyMs(busy, aModel())).toBeCloseTo(4 * (2 + (0.05 * 8) / 15), 12);
    expect(layerLatencyMs(node({ measuredLayerLatencyMs: 2 }), aModel())).toBe(2);
  });

  it('is that of one request while it is idle, and not nothing', () => {
    expect(stageLatencyMs(node({}), aModel())).toBeGreaterThan((4 * 2 ** 30) / 1e9);
  });

  it('is endless when it holds nothing or has no room', () => {
    expect(stageLatencyMs(aNode('a', 10), aModel())).toBe(Infinity);
    expect(layerLatencyMs(aNode('a', 10), aModel())).toBe(Infinity);
    expect(stageLatencyMs(node({ currentRequests: 16 }), aModel())).toBe(Infinity);
  });
});
