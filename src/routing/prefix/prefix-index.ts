/** Which instance holds how much of a prompt's prefix, as far as our own dispatches tell, prompts in flight included. */

import type {
  ExecutionInstance,
  InstanceReport,
  InstanceView,
  LifecycleListener,
  RequestMetadata,
} from '../../domain/index.ts';
import type { PrefixLookup } from '../plugins.ts';
import { PutOffDispatches } from '../put-off.ts';
import { HeldBlocks } from './held-blocks.ts';
import { Holders, MAX_HOLDERS } from './holders.ts';

export interface PrefixIndexSettings {
  /**
   * Blocks that all instances together may hold, which bounds the memory: at most 150 bytes each, and a bit per instance
   * of the fleet for each block that five or more share. Each instance gets an equal share.
   */
  readonly maxBlocks: number;
  /** Tokens that an instance's KV cache is taken to hold while its engine does not say. */
  readonly assumedKvTokens: number;
}

export const DEFAULT_PREFIX_INDEX_SETTINGS: PrefixIndexSettings = Object.freeze({
  maxBlocks: 2 ** 19,
  assumedKvTokens: 262_144,
});

/** Up to so many instances are asked one by one, which is less work than a walk that tells of all. */
const FEW_VIEWS = 4;

/** An instance and its blocks; `slot` is the index's own number for it. */
interface Holder {
  readonly slot: number;
  readonly id: string;
  url: string;
  maxTokens: number;
  blocks: HeldBlocks;
}

/**
 * Each instance's blocks are kept like its engine keeps them: up to its KV cache's size, least recently used first to go. A
 * dispatch touches its prompt's blocks from the last to the first, so a block never goes before those that follow it, and what
 * an instance holds of a prompt never has a gap.
 */
export class PrefixIndex implements LifecycleListener, PrefixLookup {
  readonly #settings: PrefixIndexSettings;
  readonly #holders = new Map<string, Holder>();
  readonly #byBlock = new Holders();
  readonly #freeSlots: number[] = [];
  #slotCount = 0;
  /** By the slots of views: the id seen there last and its holder, so that one decision looks up no names. */
  #seenIds: string[] = [];
  #seenHolders: (Holder | undefined)[] = [];
  /** The latest walk: for which request, and how many of its blocks each slot holds. */
  #walked: RequestMetadata | undefined;
  #depths = new Uint32Array(16);
  /** The latest question about one instance alone, and its answer. */
  #asked: RequestMetadata | undefined;
  #askedHolder: Holder | undefined;
  #askedDepth = 0;
  /** Booking a prompt is a walk through memory for each block, which no decision should wait for. */
  readonly #putOff = new PutOffDispatches((request, instance) => this.#book(request, instance));

  constructor(settings: Partial<PrefixIndexSettings> = {}) {
    this.#settings = { ...DEFAULT_PREFIX_INDEX_SETTINGS, ...settings };
  }

  /** Blocks held, each counted once per instance. */
  get heldBlocks(): number {
    this.#putOff.settle();
    let sum = 0;
    for (const { blocks } of this.#holders.values()) sum += blocks.count;
    return sum;
  }

  /** Distinct blocks held. */
  get distinctBlocks(): number {
    this.#putOff.settle();
    return this.#byBlock.count;
  }

  /** What its tables take. */
  get bytes(): number {
    this.#putOff.settle();
    let sum = this.#byBlock.bytes;
    for (const { blocks } of this.#holders.values()) sum += blocks.bytes;
    return sum;
  }

  cachedTokens(request: RequestMetadata, instanceId: string): number {
    this.#putOff.settle();
    const holder = this.#holders.get(instanceId);
    return holder === undefined ? 0 : tokensIn(this.#depthAt(holder, request), request);
  }

  /** The most that any instance holds of it. */
  mostCachedTokens(request: RequestMetadata): number {
    const { prefixBlocks } = request;
    if (prefixBlocks === undefined) return 0;
    this.#putOff.settle();
    return tokensIn(this.#byBlock.depthOf(prefixBlocks), request);
  }

  cachedTokensOfAll(request: RequestMetadata, views: readonly InstanceView[], tokens: Float64Array): void {
    if (request.prefixBlocks === undefined) {
      tokens.fill(0, 0, views.length);
      return;
    }
    this.#putOff.settle();
    if (views.length > FEW_VIEWS) this.#walk(request);
    for (let i = 0; i < views.length; i++) {
      const holder = this.#holderOf(views[i]!);
      const depth = holder === undefined ? 0 : this.#depthAt(holder, request);
      tokens[i] = depth === 0 ? 0 : tokensIn(depth, request);
    }
  }

  heldTokensOfAll(views: readonly InstanceView[], tokens: Float64Array): void {
    this.#putOff.settle();
    for (let i = 0; i < views.length; i++) tokens[i] = this.#holderOf(views[i]!)?.blocks.tokens ?? 0;
  }

  onInstanceRegistered(instance: ExecutionInstance): void {
    this.#putOff.settle();
    const known = this.#holders.get(instance.id);
    if (known === undefined) this.#join(instance);
    else if (known.url !== instance.url) {
      this.#clear(known);
      known.url = instance.url;
    }
  }

  onInstanceRemoved(instanceId: string): void {
    this.#putOff.settle();
    const holder = this.#holders.get(instanceId);
    if (holder === undefined) return;
    this.#clear(holder);
    this.#holders.delete(instanceId);
    this.#freeSlots.push(holder.slot);
    this.#forgetSeen();
  }

  /** It may have restarted before it comes back. */
  onInstanceEjected(instanceId: string): void {
    this.#putOff.settle();
    const holder = this.#holders.get(instanceId);
    if (holder !== undefined) this.#clear(holder);
  }

  onInstanceReported({ instanceId, kvCacheTokens }: InstanceReport): void {
    this.#putOff.settle();
    const holder = this.#holders.get(instanceId);
    if (holder === undefined || kvCacheTokens === undefined || kvCacheTokens === holder.maxTokens) return;
    holder.maxTokens = kvCacheTokens;
    this.#fit(holder);
  }

  onRequestDispatched(request: RequestMetadata, instance: ExecutionInstance): void {
    if (request.prefixBlocks !== undefined) this.#putOff.add(request, instance);
  }

  onSettled(): void {
    this.#putOff.settle();
  }

  #book(request: RequestMetadata, instance: ExecutionInstance): void {
    const { prefixBlocks: chain, prefixBlockTokens = 0 } = request;
    if (chain === undefined || chain.length === 0) return;
    const holder = this.#holders.get(instance.id) ?? this.#join(instance);
    if (holder === undefined) return;
    const { slot, blocks } = holder;
    this.#forgetAnswers();
    const blockTokens = Math.max(1, Math.round(prefixBlockTokens));
    const mostBlocks = Math.min(this.#share(), Math.floor(holder.maxTokens / blockTokens));
    for (let at = 2 * Math.min(chain.length >> 1, mostBlocks) - 2; at >= 0; at -= 2) {
      const isNew = blocks.touch(chain[at]!, chain[at + 1]!, blockTokens);
      if (isNew) this.#byBlock.add(chain[at]!, chain[at + 1]!, slot);
    }
    this.#fit(holder);
  }

  #share(): number {
    return Math.floor(this.#settings.maxBlocks / Math.max(1, this.#holders.size));
  }

  #join(instance: ExecutionInstance): Holder | undefined {
    const slot = this.#freeSlots.pop() ?? this.#slotCount;
    if (slot >= MAX_HOLDERS) return undefined;
    if (slot === this.#slotCount) this.#slotCount++;
    if (slot >= this.#depths.length) this.#depths = new Uint32Array(2 * this.#depths.length);
    const { id, url } = instance;
    const holder = { slot, id, url, maxTokens: this.#settings.assumedKvTokens, blocks: new HeldBlocks() };
    this.#holders.set(id, holder);
    this.#forgetSeen();
    // Everybody's share is smaller now.
    for (const other of this.#holders.values()) this.#fit(other);
    return holder;
  }

  #fit(holder: Holder): void {
    this.#shrink(holder, this.#share(), holder.maxTokens);
  }

  #clear(holder: Holder): void {
    this.#shrink(holder, 0, 0);
    holder.blocks = new HeldBlocks();
  }

  #shrink({ blocks, slot }: Holder, maxBlocks: number, maxTokens: number): void {
    if (blocks.count <= maxBlocks && blocks.tokens <= maxTokens) return;
    this.#forgetAnswers();
    blocks.shrinkTo(maxBlocks, maxTokens, (low, high) => this.#byBlock.remove(low, high, slot));
  }

  /** What the walk found, where there was one for this request; else the instance's own blocks are asked. */
  #depthAt(holder: Holder, request: RequestMetadata): number {
    if (this.#walked === request) return this.#depths[holder.slot]!;
    if (this.#asked !== request || this.#askedHolder !== holder) {
      this.#asked = request;
      this.#askedHolder = holder;
      this.#askedDepth = request.prefixBlocks === undefined ? 0 : holder.blocks.depthOf(request.prefixBlocks);
    }
    return this.#askedDepth;
  }

  #walk(request: RequestMetadata): void {
    if (this.#walked === request) return;
    this.#depths.fill(0, 0, this.#slotCount);
    this.#byBlock.walk(request.prefixBlocks!, this.#depths);
    this.#walked = request;
  }

  #holderOf({ slot, instance }: InstanceView): Holder | undefined {
    if (this.#seenIds[slot] === instance.id) return this.#seenHolders[slot];
    while (this.#seenIds.length <= slot) {
      this.#seenIds.push('');
      this.#seenHolders.push(undefined);
    }
    this.#seenIds[slot] = instance.id;
    this.#seenHolders[slot] = this.#holders.get(instance.id);
    return this.#seenHolders[slot];
  }

  #forgetAnswers(): void {
    this.#walked = undefined;
    this.#asked = undefined;
  }

  #forgetSeen(): void {
    this.#forgetAnswers();
    this.#seenIds = [];
    this.#seenHolders = [];
  }
}

function tokensIn(blocks: number, { promptTokens, prefixBlockTokens = 0 }: RequestMetadata): number {
  return Math.min(promptTokens, Math.round(blocks * prefixBlockTokens));
}
