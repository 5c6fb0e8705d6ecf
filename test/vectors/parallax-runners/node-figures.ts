/** What a plan makes of its nodes once they have load: limits, latencies, turning points, the test for a new plan. */

import {
  findTurningPoints,
  kvBytesPerHeldLayer,
  type NodeRegistry,
  type PipelineNode,
  parallaxLayerLatencyMs,
  parallaxNodeRooflineMs,
  parallaxRequestLimit,
} from '../../../src/pipeline/index.ts';
import { CUTS_ITS_OWN_PATH, parallaxCosts, pathReturns } from './paths.ts';
import {
  applyLoads,
  type Check,
  Comparison,
  isError,
  isZeroDivision,
  type RecordedRanges,
  registryOf,
  ZERO_DIVISION,
} from './record.ts';
import { compareRebalance } from './state.ts';

interface RecordedFigures {
  readonly max_requests: Readonly<Record<string, unknown>>;
  readonly overloaded: Readonly<Record<string, unknown>>;
  readonly layer_latency_ms: Readonly<Record<string, unknown>>;
  readonly roofline_ms: Readonly<Record<string, unknown>>;
  readonly kv_bytes_per_layer: Readonly<Record<string, unknown>>;
  readonly turning_points: unknown;
  readonly rebalance: Readonly<Record<string, boolean>>;
}

export const checkNodeFigures: Check = (record) => {
  const found = new Comparison();
  for (const plan of ['greedy', 'greedy_dynamic', 'dp']) {
    const section = `${plan}_routing`;
    const expected = record.expect[section] as RecordedFigures | undefined;
    if (expected === undefined) continue;
    const { ranges } = record.expect[plan] as { readonly ranges: RecordedRanges };
    const registry = registryOf(record, ranges);
    applyLoads(registry, record.loads);
    compareFigures(found, section, registry, expected);
  }
  return found;
};

const FIGURES = {
  max_requests: parallaxRequestLimit,
  overloaded: (node: PipelineNode, model: NodeRegistry['model']) =>
    node.currentRequests >= parallaxRequestLimit(node, model),
  layer_latency_ms: parallaxLayerLatencyMs,
  roofline_ms: parallaxNodeRooflineMs,
  kv_bytes_per_layer: (node: PipelineNode) => kvBytesPerHeldLayer(node) ?? null,
} as const;

function compareFigures(
  found: Comparison,
  section: string,
  registry: NodeRegistry,
  expected: RecordedFigures,
): void {
  const { model } = registry;
  for (const [name, figure] of Object.entries(FIGURES) as [
    keyof typeof FIGURES,
    (typeof FIGURES)['roofline_ms'],
  ][]) {
    for (const [nodeId, theirs] of Object.entries(expected[name])) {
      if (isZeroDivision(theirs)) found.fault(`${section}: ${ZERO_DIVISION}`);
      else found.same(`${section}.${name}.${nodeId}`, figure(registry.get(nodeId), model), theirs);
    }
  }
  compareTurningPoints(found, section, registry, expected.turning_points);
  compareRebalance(found, section, registry, expected.rebalance);
}

function compareTurningPoints(
  found: Comparison,
  section: string,
  registry: NodeRegistry,
  expected: unknown,
): void {
  if (isError(expected)) {
    found.fault(`${section}: ${ZERO_DIVISION}`);
    return;
  }
  if (pathReturns(registry)) {
    found.fault(`${section}.turning_points: ${CUTS_ITS_OWN_PATH}`);
    return;
  }
  const points = findTurningPoints(registry.placed, registry.model.numLayers, parallaxCosts(registry));
  const ours = points.map(({ nodeId, layer, gives }) => [nodeId, layer, gives]);
  found.same(`${section}.turning_points`, ours, expected);
}
