import { describe, expect, it } from 'vitest';
import { aModel } from './__fixtures__/fleets.ts';

describe('a model', () => {
  it('has one byte for each element unless told otherwise, and tables of its own at both ends', () => {
    const { embeddingBytesPerElement, tieEmbedding, ffnNumProjections } = aModel();
    expect({ embeddingBytesPerElement, tieEmbedding, ffnNumProjections }).toEqual({
      embeddingBytesPerElement: 1,
      tieEmbedding: false,
      ffnNumProjections: 3,
    });
  });

  it('does not change', () => {
    expect(() => Object.assign(aModel(), { numLayers: 13 })).toThrow(TypeError);
  });

  it.each([
    [{ numLayers: 0 }, 'model.numLayers is 0; a whole number of at least 1 is wanted'],
    [{ numLayers: 2.5 }, 'model.numLayers is 2.5; a whole number of at least 1 is wanted'],
    [{ hiddenDim: Number.NaN }, 'model.hiddenDim is NaN; a whole number of at least 1 is wanted'],
    [{ vocabSize: -1 }, 'model.vocabSize is -1; a whole number of at least 0 is wanted'],
    [{ paramBytesPerElement: 0 }, 'model.paramBytesPerElement is 0; a number of above 0 is wanted'],
    [{ numLocalExperts: 8 }, 'model.numExpertsPerToken is undefined'],
    [
      { numLocalExperts: 8, numExpertsPerToken: 9 },
      'model.numExpertsPerToken is 9; a number of at least 1 and at most 8',
    ],
    [
      { layerMemoryBytes: [1, 2] },
      'model.layerMemoryBytes.length is 2; one entry for each of the 12 layers is wanted',
    ],
    [
      { numLayers: 2, layerComputeCost: [1, 0] },
      'model.layerComputeCost[1] is 0; a number of above 0 is wanted',
    ],
  ])('refuses %j', (changes, message) => {
    expect(() => aModel(changes)).toThrow(message);
  });
});
