/** One member of a pool: an engine's address, what it said last, and its score. */

import type { F5Metric, F5Metrics } from '../../routing/index.ts';

export interface MemberAddress {
  readonly ip: string;
  readonly port: number;
}

/** `10.0.0.1:8001`, as load balancers write it. */
export function memberName({ ip, port }: MemberAddress): string {
  return `${ip}:${port}`;
}

/** The metric name that worked last, per metric, and what kind of engine that showed. */
export interface MetricMemory {
  readonly workingKeys: Readonly<Partial<Record<F5Metric, string>>>;
  /** `null` until something was found. */
  readonly detectedVariant: string | null;
}

export const NO_MEMORY: MetricMemory = Object.freeze({ workingKeys: {}, detectedVariant: null });

/** What one look at a member's engine found. */
export type MemberReading =
  | { readonly type: 'metrics'; readonly metrics: F5Metrics; readonly memory: MetricMemory }
  /** Per model, the share of its capacity in use, 0 to 1: what XInference says. */
  | { readonly type: 'models'; readonly utilisation: ReadonlyMap<string, number> }
  | {
      readonly type: 'failure';
      /** Nothing listens there, so that a request would fail, too. */
      readonly isUnreachable: boolean;
      /** What happened, in words. */
      readonly message: string;
    };

export interface ModelLoad {
  readonly utilisation: number;
  /** Epoch milliseconds. */
  readonly readAtMs: number;
}

/** What a member without any figures scores. */
export const INITIAL_SCORE = 0.001;

export interface Member extends MemberAddress {
  /** `ip:port`. */
  readonly name: string;
  score: number;
  /** When the figures were read that the score rests on; `undefined` when there never were any. */
  scoredAtMs: number | undefined;
  metrics: F5Metrics;
  models: ReadonlyMap<string, ModelLoad>;
  memory: MetricMemory;
  isUnreachable: boolean;
  lastError: string | undefined;
}

export function createMember({ ip, port }: MemberAddress): Member {
  return {
    ip,
    port,
    name: memberName({ ip, port }),
    score: INITIAL_SCORE,
    scoredAtMs: undefined,
    metrics: {},
    models: new Map(),
    memory: NO_MEMORY,
    isUnreachable: false,
    lastError: undefined,
  };
}

/** What a member scores for a model that uses this share of its capacity. */
export function modelScore({ utilisation }: ModelLoad): number {
  return Math.max(INITIAL_SCORE, 1 - utilisation);
}
