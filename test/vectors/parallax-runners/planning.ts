/**
 * Plans in the order of the record (fault 1), each group filled with its largest node first (fault 2): so Parallax puts the parts
 * together that ours keeps apart. What follows from that order alone is compared; what is wrong inside a part is told by its fault.
 */

import {
  BOTH_ENDS,
  byCapacity,
  dynamicGroups,
  greedyFill,
  greedyGroups,
  layerCapacity,
  lightestRange,
  type NodeGroup,
  type NodeRegistry,
  pipelinesSquaredPerStage,
  trimAtTurningPoints,
  waterFill,
} from '../../../src/pipeline/index.ts';
import { HALVINGS, isOverfull } from './filling.ts';
import { CUTS_ITS_OWN_PATH, parallaxCosts, pathReturns } from './paths.ts';
import {
  applyLoads,
  type Check,
  Comparison,
  type FleetRecord,
  isError,
  isZeroDivision,
  registryOf,
  ZERO_DIVISION,
} from './record.ts';
import { compareState, type RecordedState } from './state.ts';

interface RecordedPlan extends RecordedState {
  readonly ok?: boolean;
  readonly timeout?: boolean;
  readonly pipelines: readonly (readonly string[])[];
  readonly k?: number;
  readonly objective?: number;
  readonly planned_pipelines?: readonly (readonly string[])[];
}

interface PlanKind {
  readonly section: string;
  readonly group: (
    registry: NodeRegistry,
    dynamicFound: () => DynamicGroups,
  ) => readonly NodeGroup[] | undefined;
  readonly fill: 'water' | 'greedy';
  readonly trims: boolean;
  readonly joins: boolean;
}

const greedy = (registry: NodeRegistry) => greedyGroups(registry.model, registry.nodes);
const withoutLookAhead = (registry: NodeRegistry) =>
  greedyGroups(registry.model, registry.nodes, { lookAhead: false });
const alreadyFound = (registry: NodeRegistry, found: () => DynamicGroups) =>
  found()?.map((group) => group.map((id) => registry.get(id)));

const MAX_STATES = 3_000_000;

/** Groups by name, so that one search does for all plans of a record. */
type DynamicGroups = readonly (readonly string[])[] | undefined;

function dynamic(registry: NodeRegistry): DynamicGroups {
  const plan = dynamicGroups(registry.model, registry.nodes, MAX_STATES);
  return 'groups' in plan ? plan.groups.map((group) => group.map(({ id }) => id)) : undefined;
}

const PLAN_KINDS: readonly PlanKind[] = [
  { section: 'greedy', group: greedy, fill: 'water', trims: false, joins: false },
  { section: 'greedy_no_look_ahead', group: withoutLookAhead, fill: 'water', trims: false, joins: false },
  { section: 'greedy_greedy_fill', group: greedy, fill: 'greedy', trims: false, joins: false },
  { section: 'greedy_dynamic', group: greedy, fill: 'water', trims: false, joins: true },
  { section: 'greedy_dynamic_trim', group: greedy, fill: 'water', trims: true, joins: true },
  { section: 'dp', group: alreadyFound, fill: 'water', trims: false, joins: false },
  { section: 'dp_dynamic', group: alreadyFound, fill: 'water', trims: false, joins: true },
  { section: 'dp_trim', group: alreadyFound, fill: 'water', trims: true, joins: false },
];

export const checkPlans: Check = (record) => {
  const found = new Comparison();
  let known: { readonly groups: DynamicGroups } | undefined;
  const dynamicFound = () => {
    known ??= { groups: dynamic(registryOf(record)) };
    return known.groups;
  };
  for (const kind of PLAN_KINDS) {
    const expected = record.expect[kind.section] as RecordedPlan | undefined;
    if (expected === undefined || expected.timeout === true) continue;
    if (isZeroDivision(expected)) found.fault(`${kind.section}: ${ZERO_DIVISION}`);
    else
      checkPlan(
        found,
        record,
        { ...kind, group: (registry) => kind.group(registry, dynamicFound) },
        expected,
      );
  }
  return found;
};

type ReadyKind = Omit<PlanKind, 'group'> & {
  readonly group: (registry: NodeRegistry) => readonly NodeGroup[] | undefined;
};

function checkPlan(found: Comparison, record: FleetRecord, kind: ReadyKind, expected: RecordedPlan): void {
  const { section } = kind;
  const registry = registryOf(record);
  const planned = expected.planned_pipelines ?? expected.pipelines;
  const fault = faultOf(registry, planned, expected);
  if (fault !== undefined) {
    found.fault(`${fault} in ${section}`);
    return;
  }
  const groups = kind.group(registry);
  if (groups === undefined) {
    found.differences.push(`${section}: more than ${MAX_STATES} states`);
    return;
  }
  const names = groups.map((group) => group.map(({ id }) => id));
  found.same(`${section}.pipelines`, names.slice(0, isError(expected) ? planned.length : undefined), planned);
  if (expected.k !== undefined) {
    found.same(`${section}.k`, groups.length, expected.k);
    found.same(
      `${section}.objective`,
      pipelinesSquaredPerStage(groups.length, names.flat().length),
      expected.objective,
    );
  }
  if (kind.trims) applyLoads(registry, record.loads);
  const fillError = fillGroups(registry, groups, kind, record.water_filling_max_iterations ?? HALVINGS);
  if (kind.trims && pathReturns(registry)) {
    found.fault(`${section}: ${CUTS_ITS_OWN_PATH}`);
    return;
  }
  const error = fillError ?? finish(registry, groups, kind);
  found.same(`${section}.error`, error ?? null, isError(expected) ? expected.error.message : null);
  compareState(found, section, registry, expected);
}

/** Faults that make another plan: ends on nodes without room for them; nodes that hold nothing at the place they were given. */
function faultOf(
  registry: NodeRegistry,
  planned: RecordedPlan['pipelines'],
  expected: RecordedPlan,
): string | undefined {
  const { model } = registry;
  const isLoner = (group: readonly string[]) =>
    group.length === 1 && layerCapacity(registry.get(group[0]!), model, BOTH_ENDS) < model.numLayers;
  if (planned.some(isLoner) || isOverfull(model, (id) => registry.get(id), expected.ranges)) return 'fault 3';
  const isUseless = (id: string, at: number) =>
    layerCapacity(registry.get(id), model, { embedding: at === 0, lmHead: false }) <= 0;
  return planned.some((group) => group.some(isUseless)) ? 'fault 4' : undefined;
}

/** The message of what went wrong, if something did; what was done before it stays, as in the record. */
function fillGroups(
  registry: NodeRegistry,
  groups: readonly NodeGroup[],
  kind: ReadyKind,
  maxIterations: number,
): string | undefined {
  for (const group of groups) {
    const filled =
      kind.fill === 'greedy'
        ? greedyFill(registry.model, group)
        : waterFill(registry.model, byCapacity(registry.model, group), { maxIterations });
    if (!filled.ok) return filled.reason;
    for (const { nodeId, startLayer, endLayer } of filled.stages) {
      registry.allocate(nodeId, { start: startLayer, end: endLayer });
    }
  }
  return undefined;
}

function finish(registry: NodeRegistry, groups: readonly NodeGroup[], kind: ReadyKind): string | undefined {
  if (groups.length === 0) return undefined;
  if (kind.trims) trimAtTurningPoints(registry, parallaxCosts(registry));
  return kind.joins ? joinAll(registry) : undefined;
}

function joinAll(registry: NodeRegistry): string | undefined {
  for (const node of registry.standby) {
    const error = join(registry, node.id);
    if (error !== undefined) return error;
  }
  return undefined;
}

/** Gives a node the lightest layers, or says so in Parallax' words where it holds none of them. */
export function join(registry: NodeRegistry, nodeId: string): string | undefined {
  const range = lightestRange(registry.get(nodeId), registry.model, registry.table);
  if (range === undefined) {
    const start = registry.table.lightestLayer();
    return `Invalid allocation: start_layer ${start} >= end_layer ${start}`;
  }
  registry.allocate(nodeId, range);
  return undefined;
}
