import { describe, expect, it } from 'vitest';
import { aModel, aNode } from './__fixtures__/fleets.ts';
import { coefficientOfVariation, needsReplan } from './balance.ts';
import { lightestRange } from './join.ts';
import { rttMs } from './links.ts';
import { NodeRegistry } from './node-registry.ts';

const MODEL = aModel({ numLayers: 6 });

function registryOf(...ranges: readonly (readonly [start: number, end: number])[]): NodeRegistry {
  const registry = new NodeRegistry(MODEL);
  for (const [index, [start, end]] of ranges.entries()) {
    registry.add(aNode(`n${index}`, 10));
    registry.allocate(`n${index}`, { start, end });
  }
  return registry;
}

const rangeFor = (weightGb: number, registry: NodeRegistry) =>
  lightestRange(aNode('late', weightGb), MODEL, registry.table);

describe('a node that comes late', () => {
  it('gets layers from the lightest on, as many as it holds', () => {
    expect(rangeFor(2, registryOf([0, 3]))).toEqual({ start: 3, end: 5 });
  });

  it('holds the embedding too where it begins, and the LM head where it ends', () => {
    expect(rangeFor(3, registryOf())).toEqual({ start: 0, end: 2 });
    expect(rangeFor(3, registryOf([0, 3]))).toEqual({ start: 3, end: 5 });
    expect(rangeFor(3.25, registryOf([0, 3]))).toEqual({ start: 3, end: 6 });
  });

  it('gets nothing where it holds nothing', () => {
    expect(rangeFor(0.5, registryOf([0, 3]))).toBeUndefined();
    expect(rangeFor(1, registryOf([0, 5]))).toBeUndefined();
  });
});

describe('a new plan', () => {
  it('is due when no chain covers every layer', () => {
    expect(needsReplan(registryOf([0, 3]))).toBe(true);
    expect(needsReplan(registryOf([0, 3], [2, 6]))).toBe(true);
  });

  it('is due when layers are provided for more unevenly than allowed', () => {
    // 2 GiB for each of three layers and 2 GiB, 4 GiB for the others: mean 3, deviation 1.
    const registry = registryOf([0, 3], [3, 6], [3, 6]);
    expect(coefficientOfVariation(registry.table.kvBytes)).toBeCloseTo(1 / 3, 9);
    expect([0.3, 0.34, undefined].map((threshold) => needsReplan(registry, threshold))).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('is not due when all are provided for alike', () => {
    expect(needsReplan(registryOf([0, 3], [3, 6]), 0)).toBe(false);
  });

  it('is not due for a model of one layer, or without any cache', () => {
    expect([coefficientOfVariation([5]), coefficientOfVariation([0, 0])]).toEqual([0, 0]);
  });
});

describe('the round-trip time between two nodes', () => {
  const knows = (id: string, ...rtts: readonly (readonly [string, number])[]) =>
    aNode(id, 1, { rttMs: new Map(rtts) });

  it.each([
    ['is nothing to itself', knows('a', ['a', 9]), knows('a', ['a', 9]), 0],
    ['is as the first measured it', knows('a', ['b', 5]), knows('b', ['a', 7]), 5],
    ['is as the second did, where the first did not', knows('a'), knows('b', ['a', 7]), 7],
    ['is endless where none did', knows('a'), knows('b'), Infinity],
  ])('%s', (_name, from, to, expected) => {
    expect(rttMs(from, to)).toBe(expected);
  });
});
