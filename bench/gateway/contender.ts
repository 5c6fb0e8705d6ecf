/** One thing that requests can be sent through, or straight to the upstream. */

export const CONTENDER_NAMES = ['direct', 'signalbox', 'haproxy', 'nginx', 'portkey'] as const;
export type ContenderName = (typeof CONTENDER_NAMES)[number];

/** Where a load generator sends its requests. */
export interface Target {
  /** Base URL, without a path. */
  readonly url: string;
  /** Beyond those that every client sends. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A contender that runs. */
export interface Contender extends Target {
  readonly name: ContenderName;
  /** Every process whose CPU time and memory is its own; empty where it is nobody's. */
  pids(): readonly number[];
  /** Has it throw away what it no longer needs; absent where nothing is collected. */
  collectGarbage?(): Promise<void>;
  /** Called between measurements, so that what it writes does not fill the disk. */
  tidy?(): void;
  stop(): Promise<void>;
}

/** What is given to a contender. */
export interface Surroundings {
  /** Base URLs of the mock upstream's instances; all serve the same. */
  readonly upstreamUrls: readonly string[];
  /** An empty directory of its own. */
  readonly directory: string;
}

/** A contender as it may be installed here, or not. */
export interface ContenderPlan {
  readonly name: ContenderName;
  /** What is missing and how to get it; `undefined` when it can be started. */
  missing(): string | undefined;
  version(): string;
  /** Starts a fresh one on a free port of 127.0.0.1, and resolves when it answers requests. */
  start(surroundings: Surroundings): Promise<Contender>;
}
