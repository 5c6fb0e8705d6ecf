/** What a policy may be handed besides requests and instances; each works without. */

import type { LatencyPredictor, MetricsView, RequestMetadata } from '../domain/index.ts';

/** Who holds how much of a prompt's prefix. */
export interface PrefixKnowledge {
  /** Prompt tokens of `request` that the instance holds. */
  cachedTokens(request: RequestMetadata, instanceId: string): number;
  /** The most that any instance holds of it; asked often, so it must be quick. */
  mostCachedTokens?(request: RequestMetadata): number;
}

/** A choice that a policy made for itself, for the log. */
export interface PolicySwitch {
  readonly policy: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly atMs: number;
}

export interface PolicyInputs {
  readonly prefixes?: PrefixKnowledge;
  readonly predictor?: LatencyPredictor;
  readonly metrics?: MetricsView;
  /** Told when a policy changes its own way of going about. */
  readonly onSwitch?: (change: PolicySwitch) => void;
}
