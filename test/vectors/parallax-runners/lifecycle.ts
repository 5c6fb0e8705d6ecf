/** Replays a recorded life of a fleet, and says at which step ours goes another way. */

import {
  DynamicProgrammingLayerAllocator,
  GreedyLayerAllocator,
  LivePipelines,
  PIPELINE_ROUTINGS,
  type PipelineEvent,
} from '../../../src/pipeline/index.ts';
import { modelOf, nodeOf, type RecordedModel, type RecordedNode, type RecordedRanges } from './record.ts';

type RecordedJoin = RecordedNode & {
  readonly manual_layer_assignment?: boolean;
  readonly start_layer?: number | null;
  readonly end_layer?: number | null;
};

interface RecordedUpdate {
  readonly current_requests?: number;
  readonly layer_latency_ms?: number;
  readonly new_rtt_to_nodes?: Readonly<Record<string, number>>;
  readonly is_active?: boolean;
}

interface RecordedStep {
  readonly op: readonly unknown[];
  readonly result: {
    readonly error?: unknown;
    readonly dispatched?: readonly ({ readonly path: readonly string[] } | null)[];
  };
  readonly state: { readonly ranges: RecordedRanges };
}

export interface LifecycleRecord {
  readonly id: string;
  readonly model: RecordedModel;
  readonly config: {
    readonly strategy: 'dp' | 'greedy';
    readonly routing_strategy: 'dp' | 'rr';
    readonly min_nodes_bootstrapping: number;
    readonly rebalance_threshold?: number;
  };
  readonly initial_nodes: readonly RecordedJoin[];
  readonly rtt_style: 'all10' | 'none';
  readonly steps: readonly RecordedStep[];
}

/** What differed at the first step that differed. */
export interface Departure {
  readonly step: number;
  readonly what: string;
}

export function replay(record: LifecycleRecord): Departure | undefined {
  const life = new Life(record);
  for (const node of record.initial_nodes) life.join(node);
  for (const [step, recorded] of record.steps.entries()) {
    const what = life.step(recorded);
    if (what !== undefined) return { step, what: `${String(recorded.op[0])}: ${what}` };
  }
  return undefined;
}

class Life {
  readonly #record: LifecycleRecord;
  readonly #live: LivePipelines;
  #nowMs = 0;
  #requests = 0;
  readonly #known = new Set<string>();

  constructor(record: LifecycleRecord) {
    const { strategy, routing_strategy, min_nodes_bootstrapping, rebalance_threshold } = record.config;
    const { make, mixesPipelines } = PIPELINE_ROUTINGS[routing_strategy];
    this.#record = record;
    this.#live = new LivePipelines({
      model: modelOf(record),
      allocator: strategy === 'greedy' ? new GreedyLayerAllocator() : new DynamicProgrammingLayerAllocator(),
      routing: make({ next: () => Number.NaN }),
      settings: {
        mixesPipelines,
        minNodes: min_nodes_bootstrapping,
        rebalanceThreshold: rebalance_threshold ?? Number.POSITIVE_INFINITY,
      },
    });
  }

  join(recorded: RecordedJoin): void {
    const { start_layer: start, end_layer: end, manual_layer_assignment: isManual } = recorded;
    const isPlaced = typeof start === 'number' && typeof end === 'number';
    const node = {
      ...nodeOf(recorded, this.#rtts(recorded.node_id)),
      // So short that the cache never limits requests: theirs does not (fault 16).
      maxSequenceLength: 1,
      isManual: isManual === true,
      ...(isPlaced && { range: { start, end } }),
    };
    this.#known.add(node.id);
    this.#tell({ type: 'join', node });
  }

  /** What differs from the record, if anything does. */
  step({ op, result, state }: RecordedStep): string | undefined {
    const [name, ...rest] = op as readonly [string, ...unknown[]];
    try {
      const dispatched = this.#act(name, rest);
      const theirs = result.dispatched?.map((one) => one?.path ?? []);
      if (theirs !== undefined && JSON.stringify(dispatched) !== JSON.stringify(theirs)) {
        return `dispatched ${JSON.stringify(dispatched)}, recorded ${JSON.stringify(theirs)}`;
      }
    } catch (error) {
      if (result.error === undefined) return `refused: ${String(error)}`;
    }
    const ours = Object.fromEntries(
      this.#live.status().nodes.map(({ id, range }) => [id, range ? [range.start, range.end] : null]),
    );
    const recorded = Object.fromEntries(Object.keys(ours).map((id) => [id, state.ranges[id] ?? null]));
    const isSame =
      Object.keys(state.ranges).every((id) => id in ours) &&
      JSON.stringify(ours) === JSON.stringify(recorded);
    return isSame ? undefined : `ranges ${JSON.stringify(ours)}, recorded ${JSON.stringify(state.ranges)}`;
  }

  #act(name: string, rest: readonly unknown[]): readonly (readonly string[])[] | undefined {
    if (name === 'join') for (const node of rest as readonly RecordedJoin[]) this.join(node);
    if (name === 'leave') this.#leave(rest as readonly string[]);
    if (name === 'advance') this.#nowMs += 1000 * Number(rest[0]);
    if (name === 'heartbeat_check') this.#tell({ type: 'tick' });
    if (name === 'update') this.#update(String(rest[0]), (rest[1] ?? {}) as RecordedUpdate);
    return name === 'dispatch' ? this.#dispatch(Number(rest[0])) : undefined;
  }

  /** Names that nobody has are passed over, as in the records. */
  #leave(nodeIds: readonly string[]): void {
    for (const nodeId of nodeIds) if (this.#live.has(nodeId)) this.#tell({ type: 'leave', nodeId });
  }

  #update(nodeId: string, update: RecordedUpdate): void {
    if (!this.#live.has(nodeId)) return;
    if (update.current_requests !== undefined) this.#endAllBut(nodeId, update.current_requests);
    this.#tell({
      type: 'heartbeat',
      nodeId,
      ...(update.current_requests !== undefined && { currentRequests: update.current_requests }),
      ...(update.layer_latency_ms !== undefined && { layerLatencyMs: Number(update.layer_latency_ms) }),
      ...(update.new_rtt_to_nodes !== undefined && {
        rttMs: new Map(Object.entries(update.new_rtt_to_nodes)),
      }),
      ...(update.is_active !== undefined && { isActive: update.is_active }),
    });
  }

  /** A node that reports fewer requests than were sent to it has ended the others. */
  #endAllBut(nodeId: string, requests: number): void {
    const through = this.#live.status().inFlight.filter(({ nodeIds }) => nodeIds.includes(nodeId));
    for (const { requestId } of through.slice(requests)) this.#tell({ type: 'end', requestId });
  }

  /** A request that finds no room is given up, as the recorded callers do. */
  #dispatch(count: number): readonly (readonly string[])[] {
    return Array.from({ length: count }, () => {
      const requestId = `r${this.#requests++}`;
      const routed = this.#live
        .handle({ type: 'request', requestId }, this.#nowMs)
        .find((effect) => effect.type === 'routed');
      if (routed === undefined) this.#tell({ type: 'end', requestId });
      return routed?.type === 'routed' ? routed.route.hops.map(({ nodeId }) => nodeId) : [];
    });
  }

  #tell(event: PipelineEvent): void {
    this.#live.handle(event, this.#nowMs);
  }

  #rtts(id: string): Readonly<Record<string, number>> {
    if (this.#record.rtt_style === 'none') return {};
    const others = [...this.#known].filter((other) => other !== id);
    return Object.fromEntries(others.map((other) => [other, 10]));
  }
}
