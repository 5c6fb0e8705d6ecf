/** What a live fleet is told, and what follows from it. */

import type { LayerRange } from '../layer-range.ts';
import type { PipelineNode } from '../node.ts';
import type { Route } from '../routing/pipeline-routing.ts';
import type { MoveReport } from './replanning.ts';

export type PipelineEvent =
  | NodeJoined
  | NodeHeartbeat
  /** `drains`: what it runs may finish first, nothing new goes there. */
  | { readonly type: 'leave'; readonly nodeId: string; readonly drains?: boolean }
  | { readonly type: 'request'; readonly requestId: string }
  /** Somebody else has decided on a chain of `chains()`: only its room is taken. */
  | { readonly type: 'reserve'; readonly requestId: string; readonly chainId: string }
  /** It ended, however, or nobody waits for it any more. */
  | { readonly type: 'end'; readonly requestId: string }
  /** `isForced`: even where it is not worth it. */
  | { readonly type: 'rebalance'; readonly isForced?: boolean }
  /** Time has passed; only this finds nodes that fell silent. */
  | { readonly type: 'tick' };

export interface NodeJoined {
  readonly type: 'join';
  /** With a range and `isManual`: it holds exactly these layers. */
  readonly node: PipelineNode;
  /** It says in its heartbeats which layers it has loaded, and gets requests for no others. */
  readonly reportsLayers?: boolean;
}

/** What is absent has not changed. */
export interface NodeHeartbeat {
  readonly type: 'heartbeat';
  readonly nodeId: string;
  /** All requests that it has, also those of others. */
  readonly currentRequests?: number;
  readonly layerLatencyMs?: number;
  /** All links that it knows. */
  readonly rttMs?: ReadonlyMap<string, number>;
  readonly isActive?: boolean;
  /** What it has loaded; `null`: nothing. */
  readonly loaded?: LayerRange | null;
}

export type LeaveReason = 'left' | 'silent' | 'replaced';

export type PipelineEffect =
  | { readonly type: 'node-joined'; readonly nodeId: string }
  | { readonly type: 'node-left'; readonly nodeId: string; readonly reason: LeaveReason }
  /** It holds these layers from now on, in place of those it held. */
  | { readonly type: 'assigned'; readonly nodeId: string; readonly range: LayerRange }
  | { readonly type: 'released'; readonly nodeId: string }
  | { readonly type: 'pipeline-formed'; readonly pipelineId: number; readonly nodeIds: readonly string[] }
  | { readonly type: 'pipeline-repaired'; readonly pipelineId: number; readonly nodeIds: readonly string[] }
  | { readonly type: 'pipeline-dissolved'; readonly pipelineId: number; readonly reason: string }
  | { readonly type: 'routed'; readonly requestId: string; readonly route: Route }
  | { readonly type: 'waiting'; readonly requestId: string; readonly ahead: number }
  | { readonly type: 'refused'; readonly requestId: string; readonly reason: string }
  /** A node on its way is gone. It waits for another chain, unless somebody else had decided on this one. */
  | { readonly type: 'interrupted'; readonly requestId: string; readonly nodeId: string }
  | { readonly type: 'rebalanced'; readonly move: MoveReport };
