/** Water filling and greedy fill of given nodes. */

import {
  BOTH_ENDS,
  byCapacity,
  EMBEDDING_ONLY,
  type FillOutcome,
  type FillPower,
  greedyFill,
  layerCapacity,
  type ModelInfo,
  type PipelineNode,
  waterFill,
} from '../../../src/pipeline/index.ts';
import { rangesOf } from './fill-spelling.ts';
import {
  Comparison,
  type FleetRecord,
  isError,
  isZeroDivision,
  modelOf,
  type RecordedRanges,
  uncheckedNodeOf,
  ZERO_DIVISION,
} from './record.ts';

interface RecordedFill {
  readonly nodes: readonly string[];
  readonly fill?: 'greedy';
  readonly power_type?: FillPower;
  readonly assume_sorted?: boolean;
  readonly ranges: RecordedRanges;
}

/** Parallax halves 40 times, and takes what that leaves for an error. */
export const HALVINGS = 40;

export function checkFilling(record: FleetRecord): Comparison {
  const found = new Comparison();
  const model = modelOf(record);
  const nodes = new Map(record.nodes.map((node) => [node.node_id, uncheckedNodeOf(node)]));
  const maxIterations = record.water_filling_max_iterations ?? HALVINGS;
  const fills = (record.expect.water_filling ?? []) as readonly RecordedFill[];
  for (const [index, expected] of fills.entries()) {
    const place = `water_filling[${index}]`;
    const chosen = expected.nodes.map((id) => nodes.get(id)!);
    if (isZeroDivision(expected)) found.fault(`water_filling: ${ZERO_DIVISION}`);
    else if (isOverfull(model, (id) => nodes.get(id)!, expected.ranges))
      found.fault('fault 3 in water_filling');
    else
      compareFill(
        found,
        place,
        fillOf(model, chosen, expected, maxIterations),
        uncharged(model, chosen, expected),
      );
  }
  return found;
}

function fillOf(
  model: ModelInfo,
  nodes: readonly PipelineNode[],
  { fill, power_type: power = 'flops', assume_sorted: isSorted = false }: RecordedFill,
  maxIterations: number,
): FillOutcome {
  if (fill === 'greedy') return greedyFill(model, nodes);
  return waterFill(model, isSorted ? nodes : byCapacity(model, nodes), { power, maxIterations });
}

/** The expected outcome with the number that a lone node's message would have if both ends were charged to it (fault 3). */
function uncharged(model: ModelInfo, nodes: readonly PipelineNode[], expected: RecordedFill): RecordedFill {
  const [node] = nodes;
  if (nodes.length !== 1 || node === undefined || !isError(expected)) return expected;
  const [one, both] = [EMBEDDING_ONLY, BOTH_ENDS].map((ends) => layerCapacity(node, model, ends));
  if (one === both || expected.fill === 'greedy') return expected;
  const outcome = waterFill(model, nodes);
  const message = expected.error.message;
  const isTold = message.includes(`capacity ${one} `) || message.endsWith(`capacity: ${one}`);
  return isTold && !outcome.ok
    ? { ...expected, ...{ error: { type: '', message: outcome.reason } } }
    : expected;
}

function compareFill(found: Comparison, place: string, ours: FillOutcome, expected: RecordedFill): void {
  found.same(
    `${place}.error`,
    ours.ok ? null : ours.reason,
    isError(expected) ? expected.error.message : null,
  );
  // What a fill that failed had begun with is no result.
  if (!isError(expected)) {
    found.same(`${place}.ranges`, rangesOf(ours, expected.nodes), expected.ranges);
  }
}

/**
 * Whether a node was given more layers than it has room for with the ends that go with their place: Parallax charges the end to
 * another node, or to none.
 */
export function isOverfull(
  model: ModelInfo,
  nodeOf: (id: string) => PipelineNode,
  ranges: RecordedRanges,
): boolean {
  return Object.entries(ranges).some(([id, range]) => {
    if (range === null) return false;
    const [start, end] = range;
    const ends = { embedding: start === 0, lmHead: end === model.numLayers };
    return end - start > layerCapacity(nodeOf(id), model, ends);
  });
}
