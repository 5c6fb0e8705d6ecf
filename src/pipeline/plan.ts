/** What an allocation is: pipelines, each a chain of nodes that together hold every layer once. */

import type { LayerRange } from './layer-range.ts';

export interface PipelineStage {
  readonly nodeId: string;
  readonly startLayer: number;
  /** The first layer that is not the stage's. */
  readonly endLayer: number;
}

/** Ordered: each stage begins where the one before it ended, the first at 0, the last ends at the model's last layer. */
export interface Pipeline {
  readonly stages: readonly PipelineStage[];
}

export interface PipelinePlan {
  readonly pipelines: readonly Pipeline[];
  /** Nodes that hold nothing, in the order in which they were given. */
  readonly unusedNodeIds: readonly string[];
}

export function stageRange({ startLayer, endLayer }: PipelineStage): LayerRange {
  return { start: startLayer, end: endLayer };
}

export function stageCount({ pipelines }: PipelinePlan): number {
  return pipelines.reduce((sum, { stages }) => sum + stages.length, 0);
}

/** Parallax' objective (arXiv 2509.26182): pipelines squared over stages; 0 without a pipeline. */
export function pipelinesSquaredPerStage(pipelines: number, stages: number): number {
  return stages === 0 ? 0 : (pipelines * pipelines) / stages;
}
