/** A live fleet as it is, for people and for tests. */

import type { LayerRange } from '../layer-range.ts';
import type { RegisteredPipeline } from '../routing/pipeline-routing.ts';
import { isReady, type NodeBook, type NodePhase } from './node-book.ts';
import type { PipelineBook } from './pipeline-book.ts';
import { unevenness } from './placing.ts';
import type { RequestBook } from './request-book.ts';

export interface LiveNodeStatus {
  readonly id: string;
  readonly phase: NodePhase;
  readonly range: LayerRange | undefined;
  readonly pipelineId: number | undefined;
  /** Whether it says that it is well; a node that is not gets no layers and no requests. */
  readonly isActive: boolean;
  /** Whether it may get requests: it is well, and has loaded what it is to hold. */
  readonly isReady: boolean;
  readonly isManual: boolean;
  readonly isLeaving: boolean;
  /** Sent through it from here, and all that it has. */
  readonly ownRequests: number;
  readonly currentRequests: number;
  /** The most it may have; absent while it holds nothing. */
  readonly limit: number | undefined;
  /** Milliseconds of all its layers for one more request; absent while it takes none. */
  readonly stageMs: number | undefined;
  readonly lastHeartbeatMs: number;
}

export interface LivePipelineStatus {
  readonly nodes: readonly LiveNodeStatus[];
  readonly pipelines: readonly RegisteredPipeline[];
  /** Pipelines that wait until their nodes have drained. */
  readonly promised: readonly (readonly string[])[];
  readonly inFlight: readonly { readonly requestId: string; readonly nodeIds: readonly string[] }[];
  readonly waiting: readonly string[];
  /** Bytes of cache memory for each layer. */
  readonly layerLoads: readonly number[];
  readonly unevenness: number;
}

export function statusOf(
  nodes: NodeBook,
  pipelines: PipelineBook,
  requests: RequestBook,
): LivePipelineStatus {
  const loads = nodes.layerLoads();
  return {
    nodes: [...nodes.all()].map((node) => {
      const stage = nodes.graph.stage(node.facts.id);
      return {
        id: node.facts.id,
        phase: node.phase,
        range: node.facts.range,
        pipelineId: node.pipelineId,
        isActive: node.facts.isActive,
        isReady: isReady(node),
        isManual: node.facts.isManual,
        isLeaving: node.isLeaving,
        ownRequests: node.own,
        currentRequests: node.facts.currentRequests,
        limit: stage?.limit,
        stageMs: stage !== undefined && Number.isFinite(stage.latencyMs) ? stage.latencyMs : undefined,
        lastHeartbeatMs: node.facts.lastHeartbeatMs,
      };
    }),
    pipelines: pipelines.registered,
    promised: pipelines.promised.map(({ placements }) => placements.map(({ nodeId }) => nodeId)),
    inFlight: [...requests.inFlight()].map(({ requestId, nodeIds }) => ({ requestId, nodeIds })),
    waiting: requests.waiting,
    layerLoads: [...loads],
    unevenness: unevenness(loads),
  };
}
