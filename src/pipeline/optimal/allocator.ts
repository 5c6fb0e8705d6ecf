/** The planner that says how good its plan is: exact where it can be, else the best found with a bound that nothing exceeds. */

import type {
  AllocationConstraints,
  AllocationError,
  AllocationOutcome,
  LayerAllocator,
} from '../allocator.ts';
import { paramMemoryBytes } from '../capacity.ts';
import { DynamicProgrammingLayerAllocator } from '../dynamic-allocator.ts';
import { GreedyLayerAllocator } from '../greedy-allocator.ts';
import type { ModelInfo } from '../model-info.ts';
import { modelBytes, weightFactor } from '../model-sizes.ts';
import type { PipelineNode } from '../node.ts';
import type { Pipeline, PipelinePlan } from '../plan.ts';
import { assembleForLatency, assembleForRate } from './assemble.ts';
import { type SearchBudget, stepBudget } from './budget.ts';
import type { Candidate } from './candidate.ts';
import { toCandidate } from './candidates.ts';
import { type FleetLinks, fleetLinks } from './fleet-links.ts';
import { COMBINED, combineFronts, type Given, groupKey, groupsBy } from './groups.ts';
import { completeManual, type ManualChains } from './manual.ts';
import { objectiveOf, type PlanObjective } from './objective.ts';
import { includePinned } from './pinned.ts';
import { costSets, frontOf, type Group, latencySets, throughputSets } from './sets.ts';
import { DEFAULT_SETTINGS, type OptimalSettings } from './settings.ts';

/** Up to here the dynamic programme ends within milliseconds, one way or the other. */
const MAX_DYNAMIC_NODES = 24;
const MAX_DYNAMIC_STATES = 20_000;

export interface OptimalOptions extends Partial<OptimalSettings> {
  /** `pipelines`, Parallax' pipelines² per stage, when absent. */
  readonly objective?: PlanObjective;
  /** How long one search may go on; about a second of steps when absent. */
  readonly budget?: () => SearchBudget;
}

const DEFAULT_STEPS = 60_000_000;

type CompletedChains = Extract<ManualChains, { readonly ok: true }>;

type Planned =
  | { readonly ok: true; readonly pipelines: readonly Pipeline[]; readonly atMost: number }
  | { readonly ok: false; readonly nodeId: string; readonly message: string };

export function optimalAllocator(options: OptimalOptions = {}): LayerAllocator {
  const settings = { ...DEFAULT_SETTINGS, ...options };
  const { objective = 'pipelines', budget = () => stepBudget(DEFAULT_STEPS) } = options;
  return {
    name: 'optimal',
    allocate: (model, nodes, constraints = {}) =>
      new Allocation(model, nodes, constraints, objective, settings, budget()).run(),
  };
}

class Allocation {
  readonly #model: ModelInfo;
  readonly #nodes: readonly PipelineNode[];
  readonly #constraints: AllocationConstraints;
  readonly #objective: PlanObjective;
  readonly #settings: OptimalSettings;
  readonly #budget: SearchBudget;
  readonly #links: FleetLinks;

  constructor(
    model: ModelInfo,
    nodes: readonly PipelineNode[],
    constraints: AllocationConstraints,
    objective: PlanObjective,
    settings: OptimalSettings,
    budget: SearchBudget,
  ) {
    this.#model = model;
    this.#nodes = nodes;
    this.#constraints = constraints;
    this.#objective = objective;
    this.#settings = settings;
    this.#budget = budget;
    this.#links = fleetLinks(nodes);
  }

  run(): AllocationOutcome {
    const fault = findFault(this.#nodes, this.#constraints, this.#objective);
    if (fault) return { ok: false, error: fault };
    const { avoid = new Set(), manual = new Map() } = this.#constraints;
    const byId = [...this.#nodes].sort((a, b) => (a.id < b.id ? -1 : 1));
    const candidates = byId
      .filter(({ id }) => !avoid.has(id))
      .map((node) => toCandidate(this.#model, node, this.#settings));
    const given = completeManual(
      this.#model,
      candidates.flatMap((candidate) => {
        const range = manual.get(candidate.node.id);
        return range ? [{ candidate, range }] : [];
      }),
      candidates.filter(({ node }) => !manual.has(node.id)),
      (node) => groupKey(node, this.#constraints.keepApartBy ?? []),
    );
    if (!given.ok) return violated(given.message, given.nodeId);

    const careful = this.#planAround(given, candidates);
    if (!careful.ok) return violated(careful.message, careful.nodeId);
    const plans = [careful.pipelines, ...this.#boldPlans(given, candidates), ...this.#plansOfOthers()];
    const values = plans.map((pipelines) => this.#valueOf(pipelines));
    const best = plans[values.indexOf(Math.max(...values))]!;
    if (best.length === 0) return this.#nothingFits(candidates);
    const isFree = given.pipelines.length === 0;
    return this.#outcome(best, isFree ? careful.atMost : this.#boundWithoutManual(candidates));
  }

  #planAround(given: CompletedChains, candidates: readonly Candidate[]): Planned {
    const free = candidates.filter(({ node }) => !given.usedIds.has(node.id));
    const groups = groupsBy(free, this.#constraints.keepApartBy ?? []);
    const { sets, atMost } = this.#search(groups, {
      pipelines: given.pipelines.length,
      stages: given.pipelines.reduce((sum, { stages }) => sum + stages.length, 0),
    });
    const pinned = this.#constraints.pinned ?? new Set();
    const included = includePinned(groups, sets, pinned, this.#model.numLayers, given.usedIds);
    if (!included.ok) return included;
    const assemble = this.#objective === 'latency' ? assembleForLatency : assembleForRate;
    const planned = included.sets.map((members) => assemble(this.#model, members, this.#links));
    const pipelines = [...given.pipelines, ...planned.filter((pipeline) => pipeline !== undefined)];
    return { ok: true, pipelines, atMost };
  }

  /**
   * Where layers differ in size, a node's capacity is what it holds wherever its layers lie. Small layers in the right place may let it
   * hold more: such plans are tried as well, and count where they can be put together.
   */
  #boldPlans(given: CompletedChains, candidates: readonly Candidate[]): readonly (readonly Pipeline[])[] {
    const { pinned } = this.#constraints;
    if (this.#model.layerMemoryBytes === undefined || (pinned && pinned.size > 0)) return [];
    if (this.#objective === 'latency') return [];
    const bold = candidates.map((candidate) => ({ ...candidate, layers: candidate.layersAtMost }));
    const planned = this.#planAround(given, bold);
    return planned.ok ? [planned.pipelines] : [];
  }

  /** So that no search that ended early, or looked for something else on its way, is worse than none. */
  #plansOfOthers(): readonly (readonly Pipeline[])[] {
    if (this.#settings.minCacheTokens > 0) return [];
    const others: LayerAllocator[] = [new GreedyLayerAllocator()];
    if (this.#nodes.length <= MAX_DYNAMIC_NODES) {
      others.push(new DynamicProgrammingLayerAllocator({ maxStates: MAX_DYNAMIC_STATES }));
    }
    return others.flatMap((other) => {
      const outcome = other.allocate(this.#model, this.#nodes, this.#constraints);
      return outcome.ok ? [outcome.plan.pipelines] : [];
    });
  }

  #valueOf(pipelines: readonly Pipeline[]): number {
    const plan = { pipelines, unusedNodeIds: [] };
    return objectiveOf(this.#objective, this.#model, this.#nodes, plan, this.#settings);
  }

  #group(candidates: readonly Candidate[]): Group {
    return {
      candidates,
      modelLayers: this.#model.numLayers,
      links: this.#links,
      budget: this.#budget,
    };
  }

  #search(groups: readonly (readonly Candidate[])[], given: Given) {
    const all = groups.map((candidates) => this.#group(candidates));
    switch (this.#objective) {
      case 'pipelines':
        return combineFronts(all.map(frontOf), given);
      case 'throughput':
        return COMBINED.throughput(all.map(throughputSets));
      case 'latency':
        return COMBINED.latency(all.map(latencySets));
      case 'cost':
        return COMBINED.cost(all.map(costSets));
    }
  }

  /** What could be without what people have given: no plan that keeps to it is better. */
  #boundWithoutManual(candidates: readonly Candidate[]): number {
    const groups = groupsBy(candidates, this.#constraints.keepApartBy ?? []);
    return this.#search(groups, { pipelines: 0, stages: 0 }).atMost;
  }

  #outcome(pipelines: readonly Pipeline[], atMost: number): AllocationOutcome {
    const used = new Set(pipelines.flatMap(({ stages }) => stages.map(({ nodeId }) => nodeId)));
    const plan: PipelinePlan = {
      pipelines,
      unusedNodeIds: this.#nodes.map(({ id }) => id).filter((id) => !used.has(id)),
    };
    const objective = objectiveOf(this.#objective, this.#model, this.#nodes, plan, this.#settings);
    const isBounded = this.#objective === 'pipelines' || !hasUnequalLayers(this.#model);
    const wasCutShort = !this.#budget.spend(0);
    if (!isBounded) return { ok: true, plan, objective, isOptimal: false, wasCutShort };
    // The bound and the plan add the same times up in different orders.
    const upperBound = Math.max(objective, atMost);
    const isOptimal = objective >= atMost * (1 - 1e-9);
    return { ok: true, plan, objective, upperBound, isOptimal, wasCutShort };
  }

  #nothingFits(candidates: readonly Candidate[]): AllocationOutcome {
    const wanted = modelBytes(this.#model);
    const has = candidates.reduce(
      (sum, { node }) => sum + paramMemoryBytes(node) / weightFactor(this.#model, node.hardware),
      0,
    );
    const missingGb = (wanted - has) / 2 ** 30;
    if (missingGb > 0) {
      const message = `the weights of ${this.#model.name} take ${gigabytes(wanted)} GiB, and the nodes have ${gigabytes(has)} GiB for weights: ${missingGb.toFixed(1)} GiB are missing`;
      return { ok: false, error: { kind: 'model_too_large', message, missingGb } };
    }
    const message = `the nodes have ${gigabytes(has)} GiB for the ${gigabytes(wanted)} GiB of ${this.#model.name}, but no chain of nodes holds all ${this.#model.numLayers} layers with embedding and LM head`;
    return { ok: false, error: { kind: 'no_pipeline', message } };
  }
}

function gigabytes(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(1);
}

function hasUnequalLayers({ layerMemoryBytes, layerComputeCost }: ModelInfo): boolean {
  return layerMemoryBytes !== undefined || layerComputeCost !== undefined;
}

function violated(message: string, nodeId: string): AllocationOutcome {
  return { ok: false, error: { kind: 'constraint_violated', message, nodeId } };
}

/** What makes planning senseless before it begins. */
function findFault(
  nodes: readonly PipelineNode[],
  { manual, pinned, avoid = new Set() }: AllocationConstraints,
  objective: PlanObjective,
): AllocationError | undefined {
  if (nodes.length === 0) return { kind: 'no_nodes', message: 'there are no nodes to plan for' };
  const ids = new Set<string>();
  for (const { id } of nodes) {
    if (ids.has(id)) return { kind: 'duplicate_node', message: `two nodes are called "${id}"`, nodeId: id };
    ids.add(id);
  }
  const named = [...(manual?.keys() ?? []), ...(pinned ?? []), ...avoid];
  const unknown = named.find((id) => !ids.has(id));
  if (unknown !== undefined) {
    const message = `a constraint names node "${unknown}", which is not there`;
    return { kind: 'unknown_node', message, nodeId: unknown };
  }
  const torn = [...(manual?.keys() ?? []), ...(pinned ?? [])].find((id) => avoid.has(id));
  if (torn !== undefined) {
    const message = `node "${torn}" is to be avoided, and to be used as well`;
    return { kind: 'constraint_violated', message, nodeId: torn };
  }
  const free = nodes.find(({ id, usdPerHour = 0 }) => !avoid.has(id) && !(usdPerHour > 0));
  if (objective === 'cost' && free) {
    const message = `the objective cost needs usdPerHour above 0 for each node; node "${free.id}" has ${free.usdPerHour ?? 'none'}`;
    return { kind: 'constraint_violated', message, nodeId: free.id };
  }
  return undefined;
}
