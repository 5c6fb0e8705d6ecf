/** What one replica can do: the interface behind which a table, a formula or something learnt may stand. */

/** A batch at work. */
export interface OperatingPoint {
  readonly tokensPerSecond: number;
  readonly tpotMs: number;
  /** Requests that generate at once. */
  readonly concurrency: number;
}

export interface Capacity {
  /** Prompt tokens that it computes in a second, when prompts are so long. */
  promptTokensPerSecond(promptTokens: number): number;
  /**
   * The batch that generates most while a token takes no longer than `tpotTargetMs`. It does nothing (0 tokens per second) where
   * even the smallest batch takes longer.
   * @param contextTokens what a request holds on average while it generates
   */
  bestDecoding(tpotTargetMs: number, contextTokens: number): OperatingPoint;
}

/** What it takes, besides what it can do. */
export interface LatencyProfile {
  ttftMs(promptTokens: number): number;
  tpotMs(concurrency: number, contextTokens: number): number;
}

/** A replica of several GPUs of which each can do the same. */
export function ofGpus(capacity: Capacity, gpus: number): Capacity {
  return {
    promptTokensPerSecond: (promptTokens) => capacity.promptTokensPerSecond(promptTokens) * gpus,
    bestDecoding(tpotTargetMs, contextTokens) {
      const one = capacity.bestDecoding(tpotTargetMs, contextTokens);
      return {
        ...one,
        tokensPerSecond: one.tokensPerSecond * gpus,
        concurrency: one.concurrency * gpus,
      };
    },
  };
}

/** The mean of replicas that differ, at least one. */
export function meanOf(capacities: readonly Capacity[]): Capacity {
  const mean = (numbers: readonly number[]) => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
  return {
    promptTokensPerSecond: (promptTokens) =>
      mean(capacities.map((each) => each.promptTokensPerSecond(promptTokens))),
    bestDecoding(tpotTargetMs, contextTokens) {
      const points = capacities.map((each) => each.bestDecoding(tpotTargetMs, contextTokens));
      return {
        tokensPerSecond: mean(points.map((point) => point.tokensPerSecond)),
        tpotMs: mean(points.map((point) => point.tpotMs)),
        concurrency: mean(points.map((point) => point.concurrency)),
      };
    },
  };
}

/** The mean context of requests that generate: the prompt, and half of the answer. */
export function meanContextTokens(load: {
  readonly promptTokens: number;
  readonly outputTokens: number;
}): number {
  return load.promptTokens + load.outputTokens / 2;
}
