/** What can be set of a fleet whose nodes come and go. */

export interface LivePipelineSettings {
  /** With fewer nodes than this, none of them holds layers yet: a first plan for few would soon be the wrong one. */
  readonly minNodes: number;
  /** A node that was not heard of for longer than this has failed, whether it holds layers or not. */
  readonly heartbeatTimeoutMs: number;
  /** What a link costs that nobody has measured; `Infinity`: it is not used. */
  readonly assumedRttMs: number;
  /**
   * Whether a route may go from a node of one pipeline to one of another. Then a spare node may also serve beside a pipeline's
   * node; otherwise it waits until spare nodes make a pipeline of their own.
   */
  readonly mixesPipelines: boolean;
  /** After a departure: how uneven the layers' cache memory (standard deviation over mean) may be before a new plan is made. */
  readonly rebalanceThreshold: number;
  /** A new plan must carry this much more, as a part of what is carried now. */
  readonly minGain: number;
  /** What moving costs must have come back after this time. */
  readonly amortiseMs: number;
  /** How fast a node loads weights. */
  readonly loadBytesPerSecond: number;
  /** Requests that may wait for room in a chain. */
  readonly maxWaiting: number;
  /** Labels in which all nodes of a pipeline agree. */
  readonly keepApartBy: readonly string[];
}

export const DEFAULT_LIVE_PIPELINE_SETTINGS: LivePipelineSettings = {
  minNodes: 1,
  heartbeatTimeoutMs: 30_000,
  assumedRttMs: Number.POSITIVE_INFINITY,
  mixesPipelines: false,
  rebalanceThreshold: Number.POSITIVE_INFINITY,
  minGain: 0.1,
  amortiseMs: 600_000,
  loadBytesPerSecond: 1e9,
  maxWaiting: 10_000,
  keepApartBy: [],
};
