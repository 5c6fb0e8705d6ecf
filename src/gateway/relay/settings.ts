/** What can be set of how calls are relayed. */

/** Who is told the reason of the decision: nobody, who sends `x-signalbox-explain: 1`, everybody. */
export type ReasonHeader = 'off' | 'on-request' | 'always';

export interface RelaySettings {
  /** The longest wait for the first byte of an answer's body, connecting included; then another instance is tried. */
  readonly firstByteTimeoutMs: number;
  /** The longest silence within an answer. */
  readonly idleTimeoutMs: number;
  /** How often a waiting caller of a stream gets a comment; 0: never. */
  readonly commentIntervalMs: number;
  /** Statuses of an engine after which another instance is tried. */
  readonly retriedStatuses: readonly number[];
  /** How long an instance rests that answers 429 without saying how long. */
  readonly pushBackMs: number;
  readonly reasonHeader: ReasonHeader;
}

/**
 * A non-streaming answer's first byte comes after its last token: hence ten minutes, as OpenAI's clients wait.
 * 500 is not retried: engines answer it also for a request that they cannot digest, which would then fell one
 * instance after another.
 */
export const DEFAULT_RELAY_SETTINGS: RelaySettings = {
  firstByteTimeoutMs: 600_000,
  idleTimeoutMs: 120_000,
  commentIntervalMs: 10_000,
  retriedStatuses: [502, 503, 504],
  pushBackMs: 1000,
  reasonHeader: 'on-request',
};
