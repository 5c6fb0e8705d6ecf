/** A pool as a load balancer knows it: its members, kept up to date by what is told of them. Does nothing by itself. */

import { type F5ModeSettings, scoreMembers } from '../../routing/index.ts';
import { createMember, type Member, type MemberAddress, type MemberReading, memberName } from './member.ts';

export const POOL_ENGINES = ['vllm', 'sglang', 'xinference'] as const;
export type PoolEngine = (typeof POOL_ENGINES)[number];

export interface PoolSettings {
  readonly name: string;
  readonly partition: string;
  readonly engine: PoolEngine;
  /** Sends everything to the load balancer's fallback pool. */
  readonly isFallback: boolean;
  /** The most running requests a member may have to be chosen. */
  readonly maxRunning?: number;
  /** The most waiting requests a member may have to be chosen. */
  readonly maxWaiting?: number;
}

/** `pool:partition`. */
export type PoolKey = string;

export function poolKey({ name, partition }: Pick<PoolSettings, 'name' | 'partition'>): PoolKey {
  return `${name}:${partition}`;
}

/** When a score still counts. */
export interface Freshness {
  /** Age in milliseconds from which a member's figures say nothing about it any more. */
  readonly staleAfterMs: number;
  /** Chooses a member on its last score, however old, as the existing scheduler does. */
  readonly keepLastScore: boolean;
}

/** Where the list of members comes from, and how old it is. */
export interface MembershipState {
  /** Epoch milliseconds of the last list; `undefined` before the first. */
  readonly listedAtMs: number | undefined;
  /** Answers in a row that there is no such pool. */
  readonly consecutiveMisses: number;
  /** Why there has been no newer list; `undefined` while all is well. */
  readonly lastError: string | undefined;
}

const NEVER_LISTED: MembershipState = { listedAtMs: undefined, consecutiveMisses: 0, lastError: undefined };

export interface MemberChanges {
  readonly preserved: number;
  readonly added: number;
  readonly removed: number;
  readonly total: number;
}

export class Pool {
  #settings: PoolSettings;
  #members: readonly Member[] = [];
  #byName = new Map<string, Member>();
  #membership: MembershipState = NEVER_LISTED;

  constructor(settings: PoolSettings) {
    this.#settings = settings;
  }

  get settings(): PoolSettings {
    return this.#settings;
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  get membership(): MembershipState {
    return this.#membership;
  }

  find(name: string): Member | undefined {
    return this.#byName.get(name);
  }

  /** Takes over changed settings; members and scores stay. Another engine's metric names have to be found anew. */
  configure(settings: PoolSettings): void {
    if (settings.engine !== this.#settings.engine) this.forgetMetricKeys();
    this.#settings = settings;
  }

  forgetMetricKeys(): void {
    for (const member of this.#members) member.memory = { ...member.memory, workingKeys: {} };
  }

  /** Replaces the list of members; what is known of those that stay is kept. */
  setMembers(addresses: readonly MemberAddress[], atMs: number): MemberChanges {
    const before = this.#byName;
    const after = new Map<string, Member>();
    for (const address of addresses) {
      const name = memberName(address);
      after.set(name, before.get(name) ?? createMember(address));
    }
    this.#byName = after;
    this.#members = [...after.values()];
    this.#membership = { listedAtMs: atMs, consecutiveMisses: 0, lastError: undefined };
    const preserved = this.#members.filter(({ name }) => before.has(name)).length;
    const total = after.size;
    return { preserved, added: total - preserved, removed: before.size - preserved, total };
  }

  /** The list could not be had; the last one stays in force. */
  noteListFailure(message: string, isMissing: boolean): void {
    const { consecutiveMisses } = this.#membership;
    this.#membership = {
      ...this.#membership,
      consecutiveMisses: isMissing ? consecutiveMisses + 1 : consecutiveMisses,
      lastError: message,
    };
  }

  /** What a member's engine said; figures it gave before and does not give now are gone. */
  record(member: Member, reading: MemberReading, atMs: number): void {
    member.lastError = problemOf(reading);
    member.isUnreachable = reading.type === 'failure' && reading.isUnreachable;
    if (reading.type === 'metrics') {
      member.metrics = reading.metrics;
      member.memory = reading.memory;
    } else {
      member.metrics = {};
    }
    if (reading.type === 'models') {
      const loads = [...reading.utilisation].map(
        ([model, utilisation]) => [model, { utilisation, readAtMs: atMs }] as const,
      );
      member.models = new Map([...member.models, ...loads]);
      member.memory = { ...member.memory, detectedVariant: 'xinference' };
      member.scoredAtMs = atMs;
    }
  }

  /**
   * Scores the members by their figures. One that lacks a figure keeps its score, which grows old.
   * @throws RangeError when the mode's settings cannot be computed with; then all scores stay
   */
  rescore(mode: F5ModeSettings | undefined, atMs: number): void {
    if (mode === undefined || this.#settings.engine === 'xinference') return;
    const scores = scoreMembers(
      mode,
      this.#members.map(({ metrics }) => metrics),
    );
    for (const [i, member] of this.#members.entries()) {
      const score = scores[i];
      if (score === undefined) continue;
      member.score = score;
      member.scoredAtMs = atMs;
    }
  }

  /** Whether the member's score may still be chosen on. */
  isKnownGood(member: Member, nowMs: number, freshness: Freshness): boolean {
    if (freshness.keepLastScore) return true;
    if (member.isUnreachable || member.scoredAtMs === undefined) return false;
    return nowMs - member.scoredAtMs <= freshness.staleAfterMs;
  }
}

/** What every mode needs; the others are asked for by some. */
const ALWAYS_NEEDED = ['waiting_queue', 'cache_usage'] as const;

function problemOf(reading: MemberReading): string | undefined {
  if (reading.type === 'failure') return reading.message;
  if (reading.type === 'models') return undefined;
  const missing = ALWAYS_NEEDED.filter((metric) => reading.metrics[metric] === undefined);
  return missing.length === 0 ? undefined : `it answers, but tells no ${missing.join(' and no ')}`;
}
