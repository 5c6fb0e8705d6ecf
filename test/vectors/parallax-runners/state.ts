/** The state of a fleet as the records tell of it. */

import { coefficientOfVariation, type NodeRegistry, needsReplan } from '../../../src/pipeline/index.ts';
import type { Comparison, RecordedRanges } from './record.ts';

export interface RecordedState {
  readonly ranges: RecordedRanges;
  readonly active: readonly string[];
  readonly standby: readonly string[];
  readonly num_full_paths: number;
  readonly layer_kv_rle: readonly (readonly [number, number])[];
  readonly layer_hosts_rle: readonly (readonly [number, number])[];
  readonly lightest_layer: number;
  readonly rebalance?: Readonly<Record<string, boolean>>;
}

/** The layer table: of the fleet as it is, or with what a fault leaves behind in it. */
export interface TableFigures {
  readonly kvBytes: readonly number[];
  readonly hostCounts: readonly number[];
}

export function compareState(
  found: Comparison,
  place: string,
  registry: NodeRegistry,
  expected: RecordedState,
  table: TableFigures = registry.table,
): void {
  const ids = (nodes: readonly { readonly id: string }[]) => nodes.map(({ id }) => id);
  const ranges = Object.fromEntries(
    registry.nodes.map(({ id, range }) => [id, range === undefined ? null : [range.start, range.end]]),
  );
  found.same(`${place}.ranges`, ranges, expected.ranges);
  found.same(`${place}.active`, ids(registry.placed), expected.active);
  found.same(`${place}.standby`, ids(registry.standby), expected.standby);
  found.same(`${place}.num_full_paths`, registry.fullPathCount(), expected.num_full_paths);
  found.same(`${place}.layer_kv`, runLengths(table.kvBytes), expected.layer_kv_rle);
  found.same(`${place}.layer_hosts`, runLengths(table.hostCounts), expected.layer_hosts_rle);
  const lightest = table.kvBytes.indexOf(Math.min(...table.kvBytes));
  found.same(`${place}.lightest_layer`, lightest, expected.lightest_layer);
  if (table === registry.table) found.same(`${place}.lightest`, registry.table.lightestLayer(), lightest);
  compareRebalance(found, place, registry, expected.rebalance ?? {}, table);
}

export function compareRebalance(
  found: Comparison,
  place: string,
  registry: NodeRegistry,
  expected: Readonly<Record<string, boolean>>,
  table: TableFigures = registry.table,
): void {
  const isEven = table.kvBytes.every((bytes) => bytes === table.kvBytes[0]);
  for (const [threshold, isWanted] of Object.entries(expected)) {
    const limit = threshold === 'inf' ? Number.POSITIVE_INFINITY : Number(threshold);
    const hasPath = registry.fullPathCount() > 0;
    const ours =
      table === registry.table
        ? needsReplan(registry, limit)
        : !hasPath || coefficientOfVariation(table.kvBytes) > limit;
    // Parallax divides by the memory first, and so takes equal layers for a rounding error apart.
    const theirs = hasPath && isEven && limit === 0 ? false : isWanted;
    found.same(`${place}.rebalance[${threshold}]`, ours, theirs);
  }
}

function runLengths(values: readonly number[]): readonly (readonly [number, number])[] {
  const runs: [number, number][] = [];
  for (const value of values) {
    const last = runs.at(-1);
    if (last?.[0] === value) last[1]++;
    else runs.push([value, 1]);
  }
  return runs;
}
