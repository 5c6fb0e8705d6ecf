import { describe, expect, it } from 'vitest';
import { aModel, aNode } from './__fixtures__/fleets.ts';
import {
  BOTH_ENDS,
  EMBEDDING_ONLY,
  fits,
  LM_HEAD_ONLY,
  layerCapacity,
  layersThatFit,
  NO_ENDS,
} from './capacity.ts';

const GIB = 2 ** 30;
const FOUR_CASES = [NO_ENDS, EMBEDDING_ONLY, LM_HEAD_ONLY, BOTH_ENDS];

describe('layer capacity', () => {
  it.each([
    ['room to spare for both ends', 10.5, {}, [10, 10, 10, 10]],
    ['room for one end', 10.25, {}, [10, 10, 10, 9]],
    ['no room for an end', 10, {}, [10, 9, 9, 9]],
    ['room for one end, which are one table', 10.25, { tieEmbedding: true }, [10, 10, 10, 10]],
    ['hardly any room', 0.25, {}, [0, 0, 0, -1]],
  ])('%s', (_name, weightGb, changes, expected) => {
    const capacities = FOUR_CASES.map((ends) => layerCapacity(aNode('a', weightGb), aModel(changes), ends));
    expect(capacities).toEqual(expected);
  });

  it('counts all GPUs of a node', () => {
    expect(layerCapacity(aNode('a', 5, { hardware: { gpuCount: 2 } }), aModel())).toBe(10);
  });

  it('goes by the MLX weights on MLX nodes', () => {
    const node = aNode('a', 5, { hardware: { device: 'mlx' } });
    expect(layerCapacity(node, aModel({ mlxParamBytesPerElement: 1 }))).toBe(10);
  });
});

describe('unequal layers', () => {
  const model = aModel({ numLayers: 4, layerMemoryBytes: [3 * GIB, GIB, GIB, 2 * GIB] });

  it('are counted by how many fit wherever they begin', () => {
    expect(layerCapacity(aNode('a', 4), model)).toBe(2);
    expect(layerCapacity(aNode('a', 3), model)).toBe(1);
    expect(layerCapacity(aNode('a', 7), model)).toBe(4);
    expect(layerCapacity(aNode('a', 2), model)).toBe(0);
  });

  it('fit by their own sizes from a given place on', () => {
    expect(layersThatFit(aNode('a', 3.25), model, 0)).toBe(1);
    expect(layersThatFit(aNode('a', 3), model, 0)).toBe(0);
    expect(layersThatFit(aNode('a', 2), model, 1)).toBe(2);
    expect(layersThatFit(aNode('a', 4.25), model, 1)).toBe(3);
    expect(layersThatFit(aNode('a', 4), model, 1)).toBe(2);
  });

  it('fit as a range together with the ends at its place', () => {
    expect(fits(aNode('a', 7.5), model, { start: 0, end: 4 })).toBe(true);
    expect(fits(aNode('a', 7.4), model, { start: 0, end: 4 })).toBe(false);
    expect(fits(aNode('a', 7.5), model, { start: 2, end: 2 })).toBe(false);
  });
});
