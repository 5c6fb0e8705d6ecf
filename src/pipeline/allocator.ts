/** What every planner is: a model and nodes in, pipelines or the reason why there are none out. */

import type { LayerRange } from './layer-range.ts';
import type { ModelInfo } from './model-info.ts';
import type { PipelineNode } from './node.ts';
import type { PipelinePlan } from './plan.ts';

export interface LayerAllocator {
  readonly name: string;
  /** The same for any order of `nodes`. Ranges that nodes already hold play no part, but for `constraints.manual`. */
  allocate(
    model: ModelInfo,
    nodes: readonly PipelineNode[],
    constraints?: AllocationConstraints,
  ): AllocationOutcome;
}

export interface AllocationConstraints {
  /** Nodes that hold exactly these layers. */
  readonly manual?: ReadonlyMap<string, LayerRange>;
  /** Nodes that must be part of a pipeline. */
  readonly pinned?: ReadonlySet<string>;
  /** Nodes that get nothing. */
  readonly avoid?: ReadonlySet<string>;
  /** Labels (`site`, `owner`) in which all nodes of a pipeline agree; nodes without the label form a group of their own. */
  readonly keepApartBy?: readonly string[];
}

export type AllocationOutcome = AllocationSuccess | AllocationFailure;

export interface AllocationSuccess {
  readonly ok: true;
  readonly plan: PipelinePlan;
  /** What the planner maximised, of this plan. */
  readonly objective: number;
  /** No plan's objective is above it; absent where the planner proves nothing. */
  readonly upperBound?: number;
  /** Whether the plan is proven to be the best by the planner's objective. */
  readonly isOptimal: boolean;
  /** Whether a limit (time, states) ended the search early. */
  readonly wasCutShort?: boolean;
}

export interface AllocationFailure {
  readonly ok: false;
  readonly error: AllocationError;
}

/** Why there is no plan; `message` says it in words. */
export type AllocationError =
  | { readonly kind: 'no_nodes'; readonly message: string }
  | { readonly kind: 'duplicate_node'; readonly message: string; readonly nodeId: string }
  | { readonly kind: 'unknown_node'; readonly message: string; readonly nodeId: string }
  /** All nodes together are too small. */
  | { readonly kind: 'model_too_large'; readonly message: string; readonly missingGb: number }
  /** The memory would do, but no chain of nodes covers all layers. */
  | { readonly kind: 'no_pipeline'; readonly message: string }
  | { readonly kind: 'constraint_violated'; readonly message: string; readonly nodeId?: string }
  /** The planner cannot keep this constraint; another one can. */
  | { readonly kind: 'constraint_unsupported'; readonly message: string; readonly constraint: string }
  /** The search grew too large for this planner. */
  | { readonly kind: 'too_complex'; readonly message: string };
