/** What Signalbox must know of a kind of inference engine: a record of names and paths, and a few small functions. */

import type { EngineKind } from '../domain/index.ts';
import type { Answers } from './recognition/answers.ts';

/** One series of a metrics page, or those of its series that carry the given labels. */
export interface MetricSelector {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Where a share in [0, 1] is to be had. */
export type ShareSource =
  | { readonly type: 'gauge'; readonly metric: MetricSelector; readonly unit: ShareUnit }
  /** One counter or gauge divided by another. */
  | { readonly type: 'ratio'; readonly part: MetricSelector; readonly whole: MetricSelector };

/** `fraction` is 0 to 1, `percent` is 0 to 100; a metric's name often says the one and means the other. */
export type ShareUnit = 'fraction' | 'percent';

/** Where the KV cache's size in tokens is to be had. */
export type CapacitySource =
  | { readonly type: 'tokens'; readonly metric: MetricSelector }
  | { readonly type: 'blocks'; readonly tokensPerBlock: MetricSelector; readonly blocks: MetricSelector }
  /** An info metric whose labels hold the two factors. */
  | {
      readonly type: 'info';
      readonly name: string;
      readonly tokensPerBlock: string;
      readonly blocks: string;
    };

/** An info metric whose label lists adapters by comma, and whose value is the time it was last true. */
export interface AdapterSource {
  readonly name: string;
  readonly label: string;
}

/** Each quantity's sources in order of preference: the first that is on the page counts. */
export interface EngineMetrics {
  readonly waitingRequests: readonly MetricSelector[];
  readonly runningRequests: readonly MetricSelector[];
  readonly kvCacheUsage: readonly ShareSource[];
  readonly kvCacheTokens: readonly CapacitySource[];
  readonly prefixCacheHitRate: readonly ShareSource[];
  readonly loadedAdapters: readonly AdapterSource[];
}

/** What one reading of an engine found out. A field the engine does not expose is absent. */
export interface EngineReading {
  readonly waitingRequests?: number;
  readonly runningRequests?: number;
  readonly kvCacheUsage?: number;
  readonly kvCacheTokens?: number;
  readonly loadedAdapters?: readonly string[];
  readonly prefixCacheHitRate?: number;
}

/** A JSON page that says of the engine's load what its metrics page leaves out. */
export interface StatusPage {
  readonly path: string;
  /** An empty reading when the page does not look as expected. */
  read(json: unknown): EngineReading;
}

/** What an engine serves. */
export interface EngineListing {
  readonly models: readonly string[];
  readonly adapters: readonly string[];
  /** The longest prompt and answer together that it takes, where it says so. */
  readonly maxContextTokens?: number;
}

/**
 * How much a sign proves: `certain` is something only this engine has, `likely` is something it shares with few,
 * `possible` fits it as it fits others.
 */
export const CERTAINTIES = ['possible', 'likely', 'certain'] as const;
export type Certainty = (typeof CERTAINTIES)[number];

/** Something by which the engine behind an address gives itself away. */
export interface EngineSign {
  readonly path: string;
  readonly certainty: Certainty;
  /** What was seen on that page, in words; `undefined` when the sign is not there. */
  see(answers: Answers): string | undefined;
}

export interface EngineAdapter {
  readonly kind: EngineKind;
  /** The engine's name as people write it. */
  readonly title: string;
  /** Where its health is asked for; the first that exists counts. */
  readonly healthPaths: readonly string[];
  /** Where its metrics page may be; the first that exists counts. None when it has none. */
  readonly metricsPaths: readonly string[];
  readonly metrics: EngineMetrics;
  /** What to do about a metrics page that does not exist. */
  readonly metricsHint?: string;
  readonly statusPages: readonly StatusPage[];
  readonly signs: readonly EngineSign[];
  /** The pages that `list` and `version` read. */
  readonly listingPaths: readonly string[];
  /** `undefined` when none of the pages lists anything. */
  list(answers: Answers): EngineListing | undefined;
  version(answers: Answers): string | undefined;
}
