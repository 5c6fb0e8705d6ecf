/** The load of a model: how many requests an interval brings, and how long they are. */

export interface Load {
  /** In one interval. */
  readonly requests: number;
  /** Of a request, on average. */
  readonly promptTokens: number;
  readonly outputTokens: number;
}

/** What is assumed of requests of which nothing was seen yet: the constants of sageLLM's autoscaler. */
export const UNKNOWN_LENGTHS = { promptTokens: 1024, outputTokens: 256 } as const;
