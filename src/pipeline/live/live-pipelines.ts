/**
 * A fleet whose nodes come and go, as a deterministic state machine: events in, effects out, time handed in. An event is checked
 * before anything changes; what follows from it (pipelines that form, requests that find room) follows at once.
 */

import { SignalboxError } from '../../domain/errors.ts';
import type { LayerAllocator } from '../allocator.ts';
import { fits } from '../capacity.ts';
import { checkNumber } from '../checks.ts';
import type { LayerRange } from '../layer-range.ts';
import type { ModelInfo } from '../model-info.ts';
import type { PipelineNode } from '../node.ts';
import { byLimit, layerFlow } from '../routing/layer-flow.ts';
import { hopsOf, inWords, latencyOf, type PipelineRouting, type Route } from '../routing/pipeline-routing.ts';
import type { LeaveReason, NodeHeartbeat, NodeJoined, PipelineEffect, PipelineEvent } from './events.ts';
import { Formation } from './formation.ts';
import { isReady, type LiveNode, NodeBook } from './node-book.ts';
import { PipelineBook } from './pipeline-book.ts';
import { unevenness } from './placing.ts';
import { planMove } from './replanning.ts';
import { RequestBook } from './request-book.ts';
import { DEFAULT_LIVE_PIPELINE_SETTINGS, type LivePipelineSettings } from './settings.ts';
import { type LivePipelineStatus, statusOf } from './status.ts';

export interface LivePipelineOptions {
  readonly model: ModelInfo;
  readonly allocator: LayerAllocator;
  readonly routing: PipelineRouting;
  readonly settings?: Partial<LivePipelineSettings>;
}

/** A chain that may be sent to as if it were one machine. */
export interface LiveChain {
  readonly id: string;
  readonly nodeIds: readonly string[];
  /** Requests that it may have at a time, whatever the other chains have. */
  readonly limit: number;
}

export class LivePipelines {
  readonly model: ModelInfo;
  readonly settings: LivePipelineSettings;
  readonly #nodes: NodeBook;
  readonly #pipelines = new PipelineBook();
  readonly #requests = new RequestBook();
  readonly #routing: PipelineRouting;
  readonly #allocator: LayerAllocator;
  readonly #formation: Formation;
  #chainNumbers: ReadonlyMap<string, number> = new Map();
  #nextChain = 0;
  #effects: PipelineEffect[] = [];
  /** Whether something changed of what pipelines are made of. */
  #hasNews = false;
  #chains: { readonly version: string; readonly list: readonly LiveChain[] } | undefined;

  constructor({ model, allocator, routing, settings }: LivePipelineOptions) {
    this.model = model;
    this.settings = { ...DEFAULT_LIVE_PIPELINE_SETTINGS, ...settings };
    this.#allocator = allocator;
    this.#routing = routing;
    this.#nodes = new NodeBook(model, this.settings.assumedRttMs);
    this.#formation = new Formation({
      model,
      allocator,
      settings: this.settings,
      nodes: this.#nodes,
      pipelines: this.#pipelines,
      tell: (effect) => this.#effects.push(effect),
    });
  }

  /**
   * @returns what followed, in order
   * @throws {SignalboxError} for an event that makes no sense; then nothing has changed
   */
  handle(event: PipelineEvent, nowMs: number): readonly PipelineEffect[] {
    this.#effects = [];
    this.#apply(event, nowMs);
    if (this.#hasNews) {
      this.#hasNews = false;
      this.#formation.settle();
    }
    this.#sendWaiting();
    return this.#effects;
  }

  /** The earliest moment at which a node may be found silent; `undefined` without nodes. */
  nextCheckMs(): number | undefined {
    let earliest: number | undefined;
    for (const { facts } of this.#nodes.all()) {
      if (earliest === undefined || facts.lastHeartbeatMs < earliest) earliest = facts.lastHeartbeatMs;
    }
    return earliest === undefined ? undefined : earliest + this.settings.heartbeatTimeoutMs;
  }

  /** What the node holds now, or is loading; `undefined` when it is not known or holds nothing. */
  rangeOf(nodeId: string): LayerRange | undefined {
    return this.#nodes.get(nodeId)?.facts.range;
  }

  has(nodeId: string): boolean {
    return this.#nodes.get(nodeId) !== undefined;
  }

  status(): LivePipelineStatus {
    return statusOf(this.#nodes, this.#pipelines, this.#requests);
  }

  /** Chains that share no room: what all of them may have together, the fleet may have. */
  chains(): readonly LiveChain[] {
    const { graph } = this.#nodes;
    const version = `${graph.structure} ${this.#pipelines.version}`;
    if (this.#chains?.version === version) return this.#chains.list;
    const list = this.settings.mixesPipelines ? this.#flowChains() : this.#pipelineChains();
    this.#chains = { version, list };
    return list;
  }

  #pipelineChains(): readonly LiveChain[] {
    const { graph } = this.#nodes;
    return this.#pipelines.registered.map(({ id, nodeIds }) => ({
      id: `pipeline-${id}`,
      nodeIds,
      limit: Math.min(...nodeIds.map((nodeId) => graph.stage(nodeId)?.limit ?? 0)),
    }));
  }

  /** A chain keeps its number for as long as the flow goes through it. */
  #flowChains(): readonly LiveChain[] {
    const before = this.#chainNumbers;
    const numbers = layerFlow(this.#nodes.graph, byLimit).paths.map(({ nodeIds, flow }) => {
      const key = nodeIds.join('\0');
      const number = before.get(key) ?? this.#nextChain++;
      return { key, number, chain: { id: `chain-${number}`, nodeIds, limit: Math.floor(flow) } };
    });
    this.#chainNumbers = new Map(numbers.map(({ key, number }) => [key, number]));
    return numbers.map(({ chain }) => chain);
  }

  /** Whether each node of the chain has loaded its layers and is well. */
  isReady({ nodeIds }: LiveChain): boolean {
    return nodeIds.every((nodeId) => {
      const node = this.#nodes.get(nodeId);
      return node !== undefined && node.phase === 'serving' && isReady(node);
    });
  }

  #apply(event: PipelineEvent, nowMs: number): void {
    switch (event.type) {
      case 'join':
        return this.#join(event, nowMs);
      case 'heartbeat':
        return this.#heartbeat(event, nowMs);
      case 'leave':
        return this.#leave(event.nodeId, event.drains ?? false);
      case 'request':
        return this.#request(event.requestId);
      case 'reserve':
        return this.#reserve(event.requestId, event.chainId);
      case 'end':
        return this.#end(event.requestId);
      case 'rebalance':
        return this.#rebalance(event.isForced ?? false);
      case 'tick':
        return this.#tick(nowMs);
      default:
        event satisfies never;
    }
  }

  #join({ node: facts, reportsLayers = false }: NodeJoined, nowMs: number): void {
    this.#checkJoin(facts);
    const known = this.#nodes.get(facts.id);
    if (known !== undefined && !known.isLeaving && isSameMachine(known.facts, facts)) {
      this.#returned(known, facts, nowMs);
      return;
    }
    if (known !== undefined) this.#remove(known, 'replaced');
    const { range, ...rest } = facts;
    const node = this.#nodes.add(Object.freeze({ ...rest, lastHeartbeatMs: nowMs }), reportsLayers);
    this.#effects.push({ type: 'node-joined', nodeId: facts.id });
    if (facts.isManual && range !== undefined) {
      this.#nodes.hold(node, range, 'serving');
      this.#effects.push({ type: 'assigned', nodeId: facts.id, range });
    }
    this.#hasNews = true;
  }

  #heartbeat(event: NodeHeartbeat, nowMs: number): void {
    const node = this.#known(event.nodeId);
    checkHeartbeat(event);
    const { currentRequests, layerLatencyMs, rttMs, isActive, loaded } = event;
    this.#nodes.change(node, { lastHeartbeatMs: nowMs });
    if (currentRequests !== undefined) node.foreign = Math.max(0, currentRequests - node.own);
    if (layerLatencyMs !== undefined) {
      node.loadWhenMeasured = node.own + node.foreign;
      this.#nodes.change(node, { measuredLayerLatencyMs: layerLatencyMs });
    }
    if (loaded !== undefined) node.loaded = loaded ?? undefined;
    if (isActive !== undefined && isActive !== node.facts.isActive) {
      this.#nodes.change(node, { isActive });
      this.#hasNews = true;
    }
    if (rttMs !== undefined) this.#nodes.reportLinks(node, rttMs);
    this.#nodes.refresh(node);
  }

  #leave(nodeId: string, drains: boolean): void {
    const node = this.#known(nodeId);
    if (drains && node.own > 0) {
      node.isLeaving = true;
      this.#formation.withdraw(node, `${nodeId} leaves`);
    } else {
      this.#remove(node, 'left');
    }
    this.#afterDeparture();
  }

  #request(requestId: string): void {
    this.#checkNew(requestId);
    const route = this.#requests.waiting.length > 0 ? undefined : this.#choose();
    if (route !== undefined) {
      this.#start(requestId, route, true);
      return;
    }
    const ahead = this.#requests.waiting.length;
    if (ahead >= this.settings.maxWaiting) {
      const reason = `${ahead} requests wait already; ${this.settings.maxWaiting} may`;
      this.#effects.push({ type: 'refused', requestId, reason });
      return;
    }
    this.#requests.wait(requestId);
    this.#effects.push({ type: 'waiting', requestId, ahead });
  }

  #reserve(requestId: string, chainId: string): void {
    this.#checkNew(requestId);
    const chain = this.chains().find(({ id }) => id === chainId);
    const hops = chain && hopsOf(this.#nodes.graph, chain.nodeIds);
    if (hops === undefined) {
      this.#effects.push({ type: 'refused', requestId, reason: `there is no chain ${chainId}` });
      return;
    }
    const reason = `${chainId}: ${inWords(hops)}`;
    this.#start(requestId, { hops, latencyMs: latencyOf(hops), reason }, false);
  }

  #end(requestId: string): void {
    const request = this.#requests.finish(requestId);
    if (request === undefined) this.#requests.stopWaiting(requestId);
    else for (const nodeId of request.nodeIds) this.#leaveNode(nodeId);
  }

  #rebalance(isForced: boolean): void {
    const movable = [...this.#nodes.all()].filter(
      ({ facts, isLeaving, promise }) =>
        !facts.isManual && facts.isActive && !isLeaving && promise === undefined,
    );
    const ids = new Set(movable.map(({ facts }) => facts.id));
    const pipelines = this.#pipelines.registered.filter(({ nodeIds }) => nodeIds.every((id) => ids.has(id)));
    const inOthers = new Set(
      this.#pipelines.registered.filter((one) => !pipelines.includes(one)).flatMap(({ nodeIds }) => nodeIds),
    );
    const move = planMove({
      model: this.model,
      allocator: this.#allocator,
      nodes: movable.map(({ facts }) => facts).filter(({ id }) => !inOthers.has(id)),
      pipelines,
      settings: this.settings,
    });
    if (move === undefined) return;
    this.#effects.push({ type: 'rebalanced', move: move.report });
    if (!move.report.isWorthIt && !isForced) return;
    this.#formation.move(move);
    this.#hasNews = true;
  }

  /** Fails whoever has been silent for too long. */
  #tick(nowMs: number): void {
    const silent = [...this.#nodes.all()].filter(
      ({ facts }) => nowMs - facts.lastHeartbeatMs > this.settings.heartbeatTimeoutMs,
    );
    // One that was leaving may go with the last request that another one takes along.
    for (const node of silent) if (this.#nodes.get(node.facts.id) === node) this.#remove(node, 'silent');
    if (silent.length > 0) this.#afterDeparture();
  }

  #checkJoin(facts: PipelineNode): void {
    const { range } = facts;
    if (!facts.isManual) return;
    const field = `nodes[${facts.id}].range`;
    if (range === undefined) {
      throw new SignalboxError('missing_field', `${field} is missing; a node with manual layers names them`, {
        param: field,
      });
    }
    const { numLayers } = this.model;
    checkNumber(`${field}.start`, range.start, { min: 0, max: numLayers - 1, isWhole: true });
    checkNumber(`${field}.end`, range.end, { min: range.start + 1, max: numLayers, isWhole: true });
    if (fits(facts, this.model, range)) return;
    const message = `${field}: layers [${range.start}, ${range.end}) do not fit into the node's memory for weights`;
    throw new SignalboxError('invalid_value', message, { param: field });
  }

  #checkNew(requestId: string): void {
    if (!this.#requests.has(requestId)) return;
    const message = `request ${JSON.stringify(requestId)} is under way already; each needs an id of its own`;
    throw new SignalboxError('conflict', message, { param: 'request_id' });
  }

  #known(nodeId: string): LiveNode {
    const node = this.#nodes.get(nodeId);
    if (node !== undefined) return node;
    throw new SignalboxError('not_found', `There is no node ${JSON.stringify(nodeId)}; it may join.`, {
      param: 'id',
    });
  }

  /** The same machine, started anew: it keeps its place, but what it ran is gone. */
  #returned(node: LiveNode, facts: PipelineNode, nowMs: number): void {
    this.#interrupt(node);
    node.foreign = facts.currentRequests;
    node.loadWhenMeasured = facts.currentRequests;
    node.loaded = undefined;
    const isNewlyActive = facts.isActive && !node.facts.isActive;
    const { measuredLayerLatencyMs: _old, ...rest } = node.facts;
    node.facts = Object.freeze({
      ...rest,
      isActive: facts.isActive,
      lastHeartbeatMs: nowMs,
      ...(facts.measuredLayerLatencyMs !== undefined && {
        measuredLayerLatencyMs: facts.measuredLayerLatencyMs,
      }),
    });
    if (facts.rttMs.size > 0) this.#nodes.reportLinks(node, facts.rttMs);
    this.#nodes.refresh(node);
    this.#hasNews ||= isNewlyActive;
  }

  #remove(node: LiveNode, reason: LeaveReason): void {
    const { id } = node.facts;
    this.#nodes.remove(id);
    this.#interrupt(node);
    this.#formation.withdraw(node, reason === 'silent' ? `${id} fell silent` : `${id} left`);
    this.#effects.push({ type: 'node-left', nodeId: id, reason });
    this.#hasNews = true;
  }

  /** Requests on a way that is no longer one. */
  #interrupt(node: LiveNode): void {
    const { id } = node.facts;
    const again: string[] = [];
    for (const { requestId, nodeIds, isOurs } of this.#requests.through(id)) {
      this.#requests.finish(requestId);
      for (const nodeId of nodeIds) this.#leaveNode(nodeId);
      this.#effects.push({ type: 'interrupted', requestId, nodeId: id });
      if (isOurs) again.push(requestId);
    }
    this.#requests.waitAgain(again);
  }

  #leaveNode(nodeId: string): void {
    const node = this.#nodes.get(nodeId);
    if (node === undefined) return;
    this.#nodes.count(node, -1);
    if (node.own > 0 || node.phase !== 'draining') return;
    if (node.isLeaving) this.#remove(node, 'left');
    else this.#formation.drained(node);
    this.#hasNews = true;
  }

  #afterDeparture(): void {
    this.#hasNews = true;
    const { rebalanceThreshold } = this.settings;
    if (rebalanceThreshold === Number.POSITIVE_INFINITY) return;
    this.#formation.settle();
    if (unevenness(this.#nodes.layerLoads()) > rebalanceThreshold) this.#rebalance(false);
  }

  #choose(): Route | undefined {
    return this.#routing.choose({ graph: this.#nodes.graph, pipelines: this.#pipelines.registered });
  }

  #start(requestId: string, route: Route, isOurs: boolean): void {
    const nodeIds = route.hops.map(({ nodeId }) => nodeId);
    this.#requests.start({ requestId, nodeIds, route, isOurs });
    for (const nodeId of nodeIds) this.#nodes.count(this.#nodes.get(nodeId)!, 1);
    this.#effects.push({ type: 'routed', requestId, route });
  }

  #sendWaiting(): void {
    while (this.#requests.waiting.length > 0) {
      const route = this.#choose();
      if (route === undefined) return;
      this.#start(this.#requests.next()!, route, true);
    }
  }
}

function checkHeartbeat({ nodeId, currentRequests, layerLatencyMs, rttMs }: NodeHeartbeat): void {
  const field = (name: string) => `nodes[${nodeId}].${name}`;
  if (currentRequests !== undefined) {
    checkNumber(field('currentRequests'), currentRequests, { min: 0, isWhole: true });
  }
  if (layerLatencyMs !== undefined) {
    checkNumber(field('layerLatencyMs'), layerLatencyMs, { min: 0, mayBeInfinite: true });
  }
  for (const [peer, ms] of rttMs ?? []) {
    checkNumber(field(`rttMs[${peer}]`), ms, { min: 0, mayBeInfinite: true });
  }
}

/** Whether what decides about layers is the same. */
function isSameMachine(one: PipelineNode, other: PipelineNode): boolean {
  const lasting = ({ hardware, labels, ...rest }: PipelineNode) =>
    JSON.stringify([
      Object.entries(hardware).sort(),
      Object.entries(labels).sort(),
      rest.kvCacheMemoryShare,
      rest.paramMemoryShare,
      rest.maxConcurrentRequests,
      rest.maxSequenceLength,
      rest.isManual,
      rest.isManual ? rest.range : undefined,
    ]);
  return lasting(one) === lasting(other);
}
