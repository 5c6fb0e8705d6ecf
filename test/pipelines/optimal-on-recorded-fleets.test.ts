import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type AllocationOutcome,
  DEFAULT_SETTINGS,
  DynamicProgrammingLayerAllocator,
  fits,
  GreedyLayerAllocator,
  type ModelInfo,
  objectiveOf,
  optimalAllocator,
  type PipelineNode,
} from '../../src/pipeline/index.ts';
import { type FleetRecord, modelOf, nodeOf } from '../vectors/parallax-runners/record.ts';

const RECORDS = readFileSync(new URL('../vectors/parallax.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as FleetRecord)
  .filter(({ kind, nodes }) => kind !== 'lifecycle' && nodes?.length > 0);

interface Fleet {
  readonly model: ModelInfo;
  readonly nodes: readonly PipelineNode[];
}

/** Absent where we refuse a node of the record, as one without memory. */
function fleetOf(record: FleetRecord): Fleet | undefined {
  try {
    return {
      model: modelOf(record),
      nodes: record.nodes.map((node) => nodeOf(node, record.rtt?.[node.node_id])),
    };
  } catch {
    return undefined;
  }
}

const FLEETS = RECORDS.flatMap((record) => {
  const fleet = fleetOf(record);
  return fleet ? [{ id: record.id, ...fleet, record }] : [];
});

function expectValid({ model, nodes }: Fleet, outcome: AllocationOutcome & { ok: true }): void {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const used: string[] = [];
  for (const { stages } of outcome.plan.pipelines) {
    expect([0, ...stages.map(({ endLayer }) => endLayer)]).toEqual([
      ...stages.map(({ startLayer }) => startLayer),
      model.numLayers,
    ]);
    for (const { nodeId, startLayer, endLayer } of stages) {
      expect(fits(byId.get(nodeId)!, model, { start: startLayer, end: endLayer })).toBe(true);
      used.push(nodeId);
    }
  }
  expect(new Set(used).size).toBe(used.length);
}

describe('optimal, on fleets that were recorded of Parallax', () => {
  it('has nearly all of them to try', () => {
    expect(FLEETS.length).toBeGreaterThan(RECORDS.length * 0.8);
  });

  it.each(FLEETS)('$id', ({ model, nodes }) => {
    const outcome = optimalAllocator().allocate(model, nodes);
    if (outcome.ok) {
      expectValid({ model, nodes }, outcome);
      expect(outcome.upperBound).toBeGreaterThanOrEqual(outcome.objective);
    }
    for (const other of [
      new GreedyLayerAllocator(),
      new DynamicProgrammingLayerAllocator({ maxStates: 20_000 }),
    ]) {
      const theirs = other.allocate(model, nodes);
      if (!theirs.ok) continue;
      const value = objectiveOf('pipelines', model, nodes, theirs.plan, DEFAULT_SETTINGS);
      expect(outcome).toMatchObject({ ok: true });
      expect(outcome.ok && outcome.objective).toBeGreaterThanOrEqual(value);
    }
  });
});
