/** A live fleet of pipeline nodes in real time: addresses, silence, leases of routes, and chains as instances. */

import type { Clock } from '../domain/index.ts';
import { SignalboxError } from '../domain/index.ts';
import type { Timers } from '../engines/index.ts';
import type {
  LiveChain,
  LivePipelineStatus,
  LivePipelines,
  MoveReport,
  NodeHeartbeat,
  NodeJoined,
  PipelineEffect,
  PipelineEvent,
  Route,
} from '../pipeline/index.ts';

/** A chain as the fleet is to know it. */
export interface ChainInstance {
  readonly id: string;
  /** The first node's. */
  readonly url: string;
  readonly models: readonly string[];
  readonly maxConcurrency: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** Where an address leads that somebody named, or why it may not be called. */
export type AddressVerdict = { readonly url: string } | { readonly refusal: string };

export interface ChainServiceOptions {
  readonly pipelines: LivePipelines;
  /** Under which callers ask for the model. */
  readonly servedName: string;
  /** After which a route is free again that nobody gave back. */
  readonly routeLeaseMs: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly checkAddress: (url: string) => Promise<AddressVerdict>;
  /** The chains that are complete and have loaded their layers, after each change. */
  readonly onInstances: (instances: readonly ChainInstance[]) => void;
  readonly onEffect?: (effect: PipelineEffect) => void;
}

export interface GrantedRoute {
  readonly requestId: string;
  readonly route: Route;
}

interface Waiter {
  readonly resolve: (route: Route) => void;
}

export class ChainService {
  readonly #options: ChainServiceOptions;
  readonly #addresses = new Map<string, string>();
  readonly #waiters = new Map<string, Waiter>();
  readonly #leases = new Map<string, ReturnType<Timers['setTimeout']>>();
  #check: ReturnType<Timers['setTimeout']> | undefined;
  #told = '';
  #isClosed = false;

  constructor(options: ChainServiceOptions) {
    this.#options = options;
  }

  get servedName(): string {
    return this.#options.servedName;
  }

  get pipelines(): LivePipelines {
    return this.#options.pipelines;
  }

  status(): LivePipelineStatus {
    return this.pipelines.status();
  }

  addressOf(nodeId: string): string | undefined {
    return this.#addresses.get(nodeId);
  }

  /** @param url where the node answers requests; a node without one can only be behind another in a chain */
  async join(event: Omit<NodeJoined, 'type'>, url: string | undefined): Promise<void> {
    const verdict = url === undefined ? undefined : await this.#options.checkAddress(url);
    if (verdict !== undefined && 'refusal' in verdict) {
      throw new SignalboxError('invalid_value', `url: ${verdict.refusal}`, { param: 'url' });
    }
    const { id } = event.node;
    const before = this.#addresses.get(id);
    if (verdict === undefined) this.#addresses.delete(id);
    else this.#addresses.set(id, verdict.url);
    try {
      this.#handle({ type: 'join', ...event });
    } catch (error) {
      if (before === undefined) this.#addresses.delete(id);
      else this.#addresses.set(id, before);
      throw error;
    }
  }

  heartbeat(event: Omit<NodeHeartbeat, 'type'>): void {
    this.#handle({ type: 'heartbeat', ...event });
  }

  /** @returns whether it is gone already */
  leave(nodeId: string, drains: boolean): boolean {
    this.#handle({ type: 'leave', nodeId, drains });
    return !this.pipelines.has(nodeId);
  }

  rebalance(isForced: boolean): MoveReport | undefined {
    const effects = this.#handle({ type: 'rebalance', isForced });
    return effects.find((effect) => effect.type === 'rebalanced')?.move;
  }

  /** Takes room in a chain, waiting for it for as long as `waitMs`; `undefined` when there was none. */
  async route(requestId: string, waitMs: number, signal?: AbortSignal): Promise<GrantedRoute | undefined> {
    const { promise, resolve } = Promise.withResolvers<Route | undefined>();
    this.#waiters.set(requestId, { resolve });
    try {
      const effects = this.#handle({ type: 'request', requestId });
      const refusal = effects.find((effect) => effect.type === 'refused' && effect.requestId === requestId);
      if (refusal?.type === 'refused') throw new SignalboxError('queue_full', refusal.reason);
    } catch (error) {
      this.#waiters.delete(requestId);
      throw error;
    }
    const giveUp = () => resolve(undefined);
    const timer = this.#options.timers.setTimeout(giveUp, waitMs);
    signal?.addEventListener('abort', giveUp, { once: true });
    const route = await promise;
    this.#options.timers.clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
    this.#waiters.delete(requestId);
    if (route === undefined || signal?.aborted) {
      this.#handle({ type: 'end', requestId });
      return undefined;
    }
    const { routeLeaseMs, timers } = this.#options;
    this.#leases.set(
      requestId,
      timers.setTimeout(() => this.endRoute(requestId), routeLeaseMs),
    );
    return { requestId, route };
  }

  /** Gives a route's room back; `false` when nothing was held under this id. */
  endRoute(requestId: string): boolean {
    const lease = this.#leases.get(requestId);
    if (lease === undefined) return false;
    this.#options.timers.clearTimeout(lease);
    this.#leases.delete(requestId);
    this.#handle({ type: 'end', requestId });
    return true;
  }

  /** The gateway has sent a request to a chain of ours. */
  reserve(requestId: string, chainId: string): void {
    this.#handle({ type: 'reserve', requestId, chainId });
  }

  end(requestId: string): void {
    this.#handle({ type: 'end', requestId });
  }

  chain(id: string): LiveChain | undefined {
    return this.pipelines.chains().find((chain) => chain.id === id);
  }

  /** What a chain's first node is told with each request: the way it goes. */
  headersFor(chainId: string): Readonly<Record<string, string>> {
    const chain = this.chain(chainId);
    if (chain === undefined) return {};
    const hops = chain.nodeIds.map((node) => {
      const range = this.pipelines.rangeOf(node)!;
      return { node, url: this.addressOf(node) ?? null, start: range.start, end: range.end };
    });
    return { 'x-signalbox-pipeline': chainId, 'x-signalbox-hops': JSON.stringify(hops) };
  }

  close(): void {
    this.#isClosed = true;
    const { timers } = this.#options;
    if (this.#check !== undefined) timers.clearTimeout(this.#check);
    for (const lease of this.#leases.values()) timers.clearTimeout(lease);
    for (const { resolve } of this.#waiters.values())
      (resolve as (route: Route | undefined) => void)(undefined);
  }

  #handle(event: PipelineEvent): readonly PipelineEffect[] {
    const { pipelines, clock, onEffect } = this.#options;
    const effects = pipelines.handle(event, clock.now());
    for (const effect of effects) {
      onEffect?.(effect);
      if (effect.type === 'routed') this.#waiters.get(effect.requestId)?.resolve(effect.route);
      if (effect.type === 'node-left' && !pipelines.has(effect.nodeId)) this.#addresses.delete(effect.nodeId);
    }
    this.#tell();
    this.#watch();
    return effects;
  }

  #tell(): void {
    const instances = this.#instances();
    const text = JSON.stringify(instances);
    if (text === this.#told) return;
    this.#told = text;
    this.#options.onInstances(instances);
  }

  #instances(): readonly ChainInstance[] {
    const { pipelines, servedName } = this.#options;
    return pipelines.chains().flatMap((chain) => {
      const url = this.addressOf(chain.nodeIds[0]!);
      if (url === undefined || chain.limit < 1 || !pipelines.isReady(chain)) return [];
      const labels = { pipeline: chain.id, nodes: chain.nodeIds.join(' ') };
      return [{ id: chain.id, url, models: [servedName], maxConcurrency: chain.limit, labels }];
    });
  }

  /** One timer, for whoever may fall silent first. */
  #watch(): void {
    const { pipelines, clock, timers } = this.#options;
    if (this.#check !== undefined) timers.clearTimeout(this.#check);
    this.#check = undefined;
    const atMs = pipelines.nextCheckMs();
    if (atMs === undefined || this.#isClosed) return;
    // A node is silent after its timeout, not at it.
    const delayMs = Math.max(0, atMs - clock.now()) + 1;
    this.#check = timers.setTimeout(() => this.#handle({ type: 'tick' }), delayMs);
  }
}
