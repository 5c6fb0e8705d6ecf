import { describe, expect, it } from 'vitest';
import { aModel, aNode } from './__fixtures__/fleets.ts';
import { NodeRegistry } from './node-registry.ts';
import { findTurningPoints, type PathCosts, trimAtTurningPoints } from './turning-points.ts';

type Row = readonly [id: string, start: number, end: number, layerMs: number];

function registryOf(...rows: readonly Row[]): NodeRegistry {
  const registry = new NodeRegistry(aModel({ numLayers: 10 }));
  for (const [id, start, end] of rows) registry.add(aNode(id, 20, { range: { start, end } }));
  return registry;
}

function costsOf(rows: readonly Row[], linkMs: number): PathCosts {
  const latencies = new Map(rows.map(([id, , , layerMs]) => [id, layerMs]));
  return { layerMs: ({ id }) => latencies.get(id)!, linkMs: () => linkMs };
}

function pointsOf(linkMs: number, ...rows: readonly Row[]) {
  const points = findTurningPoints(registryOf(...rows).placed, 10, costsOf(rows, linkMs));
  return points.map(({ nodeId, layer, gives }) => `${nodeId} ${gives} ${layer}`);
}

describe('turning points', () => {
  it('are where the quickest path leaves a node that holds more, and enters one that held more before', () => {
    expect(pointsOf(1, ['slow', 0, 8, 2], ['fast', 5, 10, 1])).toEqual(['slow tail 5']);
    expect(pointsOf(1, ['fast', 0, 8, 1], ['slow', 5, 10, 2])).toEqual(['slow head 8']);
  });

  it('are both where a path changes between the ends of two nodes', () => {
    expect(pointsOf(0, ['a', 0, 7, 1], ['b', 2, 10, 2], ['c', 4, 10, 0.1])).toEqual(['a tail 4']);
    expect(pointsOf(0, ['a', 0, 6, 1], ['b', 2, 10, 1], ['c', 4, 6, 0.1])).toEqual(['a tail 4', 'b head 6']);
  });

  it('are none of a node to which the path returns', () => {
    expect(pointsOf(0, ['a', 0, 10, 1], ['b', 4, 6, 0.1])).toEqual([]);
    expect(pointsOf(0, ['a', 0, 7, 1], ['b', 2, 10, 1], ['c', 4, 6, 0.1])).toEqual(['b head 7']);
  });

  it('are none where ranges join, or where the link costs more than it saves', () => {
    expect(pointsOf(1, ['a', 0, 5, 1], ['b', 5, 10, 1])).toEqual([]);
    expect(pointsOf(50, ['all', 0, 10, 2], ['some', 3, 6, 1])).toEqual([]);
  });

  it('are none without a finite path', () => {
    expect(pointsOf(1, ['a', 0, 4, 1], ['b', 5, 10, 1])).toEqual([]);
    expect(pointsOf(Infinity, ['a', 0, 6, 1], ['b', 4, 10, 1])).toEqual([]);
    expect(pointsOf(1, ['a', 0, 6, Infinity], ['b', 4, 10, 1])).toEqual([]);
  });
});

it('cuts nodes down to what the path uses, so that their cache is for fewer layers', () => {
  const rows: readonly Row[] = [
    ['a', 0, 6, 1],
    ['b', 2, 10, 1],
    ['c', 4, 6, 0.1],
  ];
  const registry = registryOf(...rows);
  trimAtTurningPoints(registry, costsOf(rows, 0));
  expect(registry.placed.map(({ id, range }) => [id, range.start, range.end])).toEqual([
    ['a', 0, 4],
    ['b', 6, 10],
    ['c', 4, 6],
  ]);
  expect(registry.fullPathCount()).toBe(1);
});
