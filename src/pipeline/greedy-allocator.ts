/** Plans one pipeline after the other, the largest nodes first: quick, and good where nodes are much alike. */

import { allocateGroups } from './allocate-groups.ts';
import type { AllocationConstraints, AllocationOutcome, LayerAllocator } from './allocator.ts';
import { DEFAULT_FILL, FILLS, type FillName } from './fills.ts';
import { type GreedyPlanOptions, greedyGroups } from './greedy-plan.ts';
import type { ModelInfo } from './model-info.ts';
import type { PipelineNode } from './node.ts';

export interface GreedyAllocatorOptions extends GreedyPlanOptions {
  readonly fill?: FillName;
}

export class GreedyLayerAllocator implements LayerAllocator {
  readonly name = 'greedy';
  readonly #options: GreedyAllocatorOptions;

  constructor(options: GreedyAllocatorOptions = {}) {
    this.#options = options;
  }

  allocate(
    model: ModelInfo,
    nodes: readonly PipelineNode[],
    constraints: AllocationConstraints = {},
  ): AllocationOutcome {
    const fill = FILLS[this.#options.fill ?? DEFAULT_FILL];
    return allocateGroups(model, nodes, constraints, {
      group: (line) => greedyGroups(model, line, this.#options),
      fill: (group) => fill(model, group),
    });
  }
}
