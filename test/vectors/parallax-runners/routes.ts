/**
 * Routes through the recorded plans, with the cost of each node as recorded: ours counts all layers of a node, theirs one layer on
 * average (fault 14), so that the search is compared, not the cost.
 */

import {
  LayerGraph,
  LinkTable,
  PIPELINE_ROUTINGS,
  type RegisteredPipeline,
  type Route,
} from '../../../src/pipeline/index.ts';
import {
  type Check,
  Comparison,
  type FleetRecord,
  isError,
  type RecordedRanges,
  ZERO_DIVISION,
} from './record.ts';

type RecordedMs = number | 'Infinity';

interface RecordedRoute {
  readonly path: readonly string[];
  readonly latency_ms: RecordedMs;
}

interface RecordedRoutes {
  readonly layer_latency_ms: Readonly<Record<string, unknown>>;
  readonly max_requests: Readonly<Record<string, number>>;
  readonly dp_route: RecordedRoute;
  /** Where there are at most 40. */
  readonly all_paths?: readonly (readonly string[])[];
  readonly all_path_latency_ms?: readonly RecordedMs[];
  readonly rr?: {
    readonly registered: Readonly<Record<string, readonly string[]>>;
    readonly picks: readonly RecordedRoute[];
    readonly cursor_after: number;
  };
}

export const checkRoutes: Check = (record) => {
  const found = new Comparison();
  for (const plan of ['greedy', 'greedy_dynamic', 'dp']) {
    const section = `${plan}_routing`;
    const expected = record.expect[section] as RecordedRoutes | undefined;
    if (expected === undefined) continue;
    if (Object.values(expected).some(isError) || Object.values(expected.layer_latency_ms).some(isError)) {
      found.fault(`${section}: ${ZERO_DIVISION}`);
      continue;
    }
    const { ranges } = record.expect[plan] as { readonly ranges: RecordedRanges };
    const graph = graphOf(record, ranges, expected);
    compareLeast(found, section, graph, expected);
    compareRoundRobin(found, section, graph, expected);
    compareDraws(found, section, graph, record, expected);
  }
  return found;
};

function graphOf(record: FleetRecord, ranges: RecordedRanges, expected: RecordedRoutes): LayerGraph {
  const graph = new LayerGraph(
    Number(record.model.num_layers),
    new LinkTable({ assumedRttMs: Number.POSITIVE_INFINITY }),
  );
  for (const { node_id: nodeId } of record.nodes) {
    const range = ranges[nodeId] ?? null;
    if (range === null) continue;
    const isActive = record.loads[nodeId]?.is_active ?? true;
    const ms = Number(expected.layer_latency_ms[nodeId]);
    graph.put({
      nodeId,
      startLayer: range[0],
      endLayer: range[1],
      latencyMs: isActive ? ms : Number.POSITIVE_INFINITY,
      limit: Number(expected.max_requests[nodeId]),
      room: Number.isFinite(ms) && isActive ? 1 : 0,
      stepsPerSecond: 1,
    });
  }
  for (const [nodeId, rtts] of Object.entries(record.rtt)) {
    graph.links.report(nodeId, new Map(Object.entries(rtts)));
  }
  return graph;
}

const NO_CHANCE = { next: () => Number.NaN };

function compareLeast(
  found: Comparison,
  section: string,
  graph: LayerGraph,
  { dp_route }: RecordedRoutes,
): void {
  const route = PIPELINE_ROUTINGS.dp.make(NO_CHANCE).choose({ graph, pipelines: [] });
  compareRoute(found, `${section}.dp_route`, route, dp_route);
}

function compareRoundRobin(
  found: Comparison,
  section: string,
  graph: LayerGraph,
  { rr }: RecordedRoutes,
): void {
  if (rr === undefined) return;
  const routing = PIPELINE_ROUTINGS.rr.make(NO_CHANCE);
  const pipelines: readonly RegisteredPipeline[] = Object.entries(rr.registered).map(([id, nodeIds]) => ({
    id: Number(id),
    nodeIds,
  }));
  for (const [index, pick] of rr.picks.entries()) {
    compareRoute(found, `${section}.rr.picks[${index}]`, routing.choose({ graph, pipelines }), pick);
  }
}

/** A draw from each of as many equal parts as there are chains with room gives each of them, in their order. */
function compareDraws(
  found: Comparison,
  section: string,
  graph: LayerGraph,
  { loads }: FleetRecord,
  { all_paths: all, all_path_latency_ms: latencies }: RecordedRoutes,
): void {
  if (all === undefined || latencies === undefined) return;
  const isAwake = (id: string) => loads[id]?.is_active ?? true;
  const open = all.filter((path, index) => latencies[index] !== 'Infinity' && path.every(isAwake));
  const drawn = open.map((_, index) => {
    const random = { next: () => (index + 0.5) / open.length };
    const route = PIPELINE_ROUTINGS.random.make(random).choose({ graph, pipelines: [] });
    return route?.hops.map(({ nodeId }) => nodeId);
  });
  found.same(`${section}.all_paths`, drawn, open);
}

/** They say an empty path where no chain has room; sums of the same numbers in another order differ in the last bits. */
function compareRoute(
  found: Comparison,
  place: string,
  route: Route | undefined,
  { path, latency_ms: theirs }: RecordedRoute,
): void {
  found.same(`${place}.path`, route?.hops.map(({ nodeId }) => nodeId) ?? [], path);
  if (route === undefined || Math.abs(route.latencyMs - Number(theirs)) <= 1e-12 * route.latencyMs) return;
  found.same(`${place}.latency_ms`, route.latencyMs, theirs);
}
