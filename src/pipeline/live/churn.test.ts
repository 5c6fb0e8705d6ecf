/** Any sequence of joins, leaves, failures, late links, manual nodes and load keeps the fleet whole. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DynamicProgrammingLayerAllocator } from '../dynamic-allocator.ts';
import { optimalAllocator } from '../optimal/index.ts';
import { kvBytesPerHeldLayer } from '../request-limit.ts';
import type { PipelineRoutingName } from '../routing/index.ts';
import { aFleet, aNode, type NodeWish, TWELVE_LAYERS } from './__fixtures__/fleet.ts';
import type { PipelineEffect, PipelineEvent } from './events.ts';
import type { LivePipelines } from './live-pipelines.ts';
import type { LiveNodeStatus, LivePipelineStatus } from './status.ts';

/** What is known from outside: who is there, and which requests have not ended. */
interface Outside {
  nowMs: number;
  readonly nodes: Map<string, NodeWish>;
  readonly open: Set<string>;
  nextRequest: number;
}

interface Real {
  readonly live: LivePipelines;
}

const TIMEOUT_MS = 1_000;

class Step implements fc.Command<Outside, Real> {
  readonly #name: string;
  readonly #can: (outside: Outside) => boolean;
  readonly #do: (outside: Outside) => PipelineEvent | readonly PipelineEvent[];

  constructor(
    name: string,
    act: (outside: Outside) => PipelineEvent | readonly PipelineEvent[],
    can: (outside: Outside) => boolean,
  ) {
    this.#name = name;
    this.#do = act;
    this.#can = can;
  }

  check(outside: Readonly<Outside>): boolean {
    return this.#can(outside);
  }

  run(outside: Outside, { live }: Real): void {
    for (const event of [this.#do(outside)].flat()) {
      const effects = live.handle(event, outside.nowMs);
      follow(outside, effects);
      checkWhole(outside, live, effects);
    }
  }

  toString(): string {
    return this.#name;
  }
}

const NODE_IDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const nodeId = fc.constantFrom(...NODE_IDS);
const wish: fc.Arbitrary<NodeWish> = fc.record({
  layers: fc.constantFrom(3, 4, 6, 7, 12),
  maxConcurrentRequests: fc.integer({ min: 1, max: 3 }),
});
const manual = fc.constantFrom(
  { start: 0, end: 6 },
  { start: 6, end: 12 },
  { start: 0, end: 3 },
  { start: 3, end: 9 },
  { start: 0, end: 12 },
);

const commands = [
  fc.tuple(nodeId, wish).map(
    ([id, facts]) =>
      new Step(
        `join ${id} ${JSON.stringify(facts)}`,
        (outside) => {
          outside.nodes.set(id, facts);
          return { type: 'join', node: aNode(id, facts) };
        },
        () => true,
      ),
  ),
  fc.tuple(nodeId, manual).map(
    ([id, range]) =>
      new Step(
        `join ${id} by hand with [${range.start}, ${range.end})`,
        (outside) => {
          outside.nodes.set(id, { layers: 12, manual: range });
          return { type: 'join', node: aNode(id, { layers: 12, manual: range }) };
        },
        () => true,
      ),
  ),
  fc.tuple(nodeId, fc.boolean()).map(
    ([id, drains]) =>
      new Step(
        `leave ${id}${drains ? ' when drained' : ''}`,
        () => ({ type: 'leave', nodeId: id, drains }),
        ({ nodes }) => nodes.has(id),
      ),
  ),
  fc.tuple(nodeId, nodeId, fc.integer({ min: 0, max: 50 })).map(
    ([id, peer, ms]) =>
      new Step(
        `link ${id} → ${peer} ${ms} ms`,
        () => ({ type: 'heartbeat', nodeId: id, rttMs: new Map([[peer, ms]]) }),
        ({ nodes }) => nodes.has(id),
      ),
  ),
  fc.tuple(nodeId, fc.integer({ min: 0, max: 4 }), fc.double({ min: 0, max: 5, noNaN: true })).map(
    ([id, currentRequests, layerLatencyMs]) =>
      new Step(
        `load ${id} ${currentRequests}`,
        () => ({ type: 'heartbeat', nodeId: id, currentRequests, layerLatencyMs }),
        ({ nodes }) => nodes.has(id),
      ),
  ),
  fc.tuple(nodeId, fc.boolean()).map(
    ([id, isActive]) =>
      new Step(
        `${id} ${isActive ? 'wakes' : 'sleeps'}`,
        () => ({ type: 'heartbeat', nodeId: id, isActive }),
        ({ nodes }) => nodes.has(id),
      ),
  ),
  fc.constant(
    new Step(
      'request',
      (outside) => {
        const requestId = `r${outside.nextRequest++}`;
        outside.open.add(requestId);
        return { type: 'request', requestId };
      },
      () => true,
    ),
  ),
  fc.nat(20).map(
    (index) =>
      new Step(
        `end ${index}`,
        (outside) => {
          const requestId = [...outside.open][index % outside.open.size]!;
          outside.open.delete(requestId);
          return { type: 'end', requestId };
        },
        ({ open }) => open.size > 0,
      ),
  ),
  fc.boolean().map(
    (isForced) =>
      new Step(
        `rebalance${isForced ? ' at any price' : ''}`,
        () => ({ type: 'rebalance', isForced }),
        () => true,
      ),
  ),
  fc.subarray(NODE_IDS).map(
    (silent) =>
      new Step(
        `silent: ${silent.join(' ')}`,
        (outside) => {
          outside.nowMs += TIMEOUT_MS + 1;
          const heard = [...outside.nodes.keys()].filter((id) => !silent.includes(id));
          return [...heard.map((id) => ({ type: 'heartbeat' as const, nodeId: id })), { type: 'tick' }];
        },
        () => true,
      ),
  ),
];

function follow(outside: Outside, effects: readonly PipelineEffect[]): void {
  for (const effect of effects) {
    if (effect.type === 'node-left' && effect.reason !== 'replaced') outside.nodes.delete(effect.nodeId);
    if (effect.type === 'refused') outside.open.delete(effect.requestId);
  }
}

function checkWhole(outside: Outside, live: LivePipelines, effects: readonly PipelineEffect[]): void {
  const status = live.status();
  const byId = new Map(status.nodes.map((node) => [node.id, node]));
  expect(new Set(byId.keys())).toEqual(new Set(outside.nodes.keys()));
  checkLayers(outside, status);
  checkPipelines(status, byId);
  checkRequests(outside, status, byId, effects);
  checkNothingLeftUndone(outside, status);
}

function checkLayers({ nodes }: Outside, { nodes: statuses, layerLoads }: LivePipelineStatus): void {
  const sum = new Array<number>(12).fill(0);
  for (const { id, range } of statuses) {
    if (range === undefined) continue;
    const facts = aNode(id, { layers: 12, ...nodes.get(id) });
    const bytes = kvBytesPerHeldLayer({ ...facts, range })!;
    for (let layer = range.start; layer < range.end; layer++) sum[layer]! += bytes;
  }
  expect(layerLoads).toEqual(sum);
}

function checkPipelines({ pipelines }: LivePipelineStatus, byId: ReadonlyMap<string, LiveNodeStatus>): void {
  const members = pipelines.flatMap(({ nodeIds }) => nodeIds);
  expect(new Set(members).size).toBe(members.length);
  for (const { id, nodeIds } of pipelines) {
    const nodes = nodeIds.map((nodeId) => byId.get(nodeId)!);
    expect(nodes.map(({ phase }) => phase)).toEqual(nodes.map(() => 'serving'));
    expect(nodes.map(({ pipelineId }) => pipelineId)).toEqual(nodes.map(() => id));
    const borders = [0, ...nodes.map(({ range }) => range!.end)];
    expect(nodes.map(({ range }) => range!.start)).toEqual(borders.slice(0, -1));
    expect(borders.at(-1)).toBe(12);
  }
}

function checkRequests(
  { open }: Outside,
  { inFlight, waiting, nodes }: LivePipelineStatus,
  byId: ReadonlyMap<string, LiveNodeStatus>,
  effects: readonly PipelineEffect[],
): void {
  // None has vanished, none is there twice.
  expect([...inFlight.map(({ requestId }) => requestId), ...waiting].sort()).toEqual([...open].sort());
  for (const { nodeIds } of inFlight) {
    for (const id of nodeIds) expect(['serving', 'draining']).toContain(byId.get(id)?.phase);
  }
  for (const { id, ownRequests } of nodes) {
    expect(ownRequests).toBe(inFlight.filter(({ nodeIds }) => nodeIds.includes(id)).length);
  }
  for (const effect of effects) {
    if (effect.type !== 'routed') continue;
    const { hops } = effect.route;
    expect(hops.map(({ startLayer }) => startLayer)).toEqual([
      0,
      ...hops.slice(0, -1).map(({ endLayer }) => endLayer),
    ]);
    expect(hops.at(-1)!.endLayer).toBe(12);
    expect(hops.every(({ room }) => room >= 1)).toBe(true);
  }
}

/** What can form a pipeline has formed one, and nobody waits beside an open one. */
function checkNothingLeftUndone(
  { nodes: wishes }: Outside,
  { nodes, pipelines, promised, waiting }: LivePipelineStatus,
): void {
  const isPromised = new Set(promised.flat());
  const spares = nodes.filter(
    ({ id, phase, isActive, isManual, isLeaving }) =>
      phase === 'standby' && isActive && !isManual && !isLeaving && !isPromised.has(id),
  );
  const outcome = new DynamicProgrammingLayerAllocator().allocate(
    TWELVE_LAYERS,
    spares.map(({ id }) => aNode(id, wishes.get(id))),
  );
  expect(outcome.ok).toBe(false);
  if (waiting.length === 0) return;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  for (const { nodeIds } of pipelines) {
    expect(nodeIds.every((id) => byId.get(id)!.stageMs !== undefined)).toBe(false);
  }
}

describe.each<PipelineRoutingName>(['rr', 'dp', 'random', 'flow'])('with %s routing', (routing) => {
  it('stays whole under any sequence of events', () => {
    fc.assert(
      fc.property(
        fc.commands(commands, { maxCommands: 80, size: 'max' }),
        fc.constantFrom(Number.POSITIVE_INFINITY, 0.2),
        fc.constantFrom(new DynamicProgrammingLayerAllocator(), optimalAllocator()),
        (steps, rebalanceThreshold, allocator) => {
          fc.modelRun(
            () => ({
              model: { nowMs: 0, nodes: new Map(), open: new Set<string>(), nextRequest: 0 },
              real: {
                live: aFleet(routing, { heartbeatTimeoutMs: TIMEOUT_MS, rebalanceThreshold }, allocator),
              },
            }),
            steps,
          );
        },
      ),
      { numRuns: 150 },
    );
  });
});
