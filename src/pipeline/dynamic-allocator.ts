/** Plans by dynamic programming over the nodes in order: better than greedy for mixed fleets, as long as they are small. */

import { allocateGroups } from './allocate-groups.ts';
import type { AllocationConstraints, AllocationOutcome, LayerAllocator } from './allocator.ts';
import { checkNumber } from './checks.ts';
import { dynamicGroups } from './dynamic-plan.ts';
import { DEFAULT_FILL, FILLS, type FillName } from './fills.ts';
import type { ModelInfo } from './model-info.ts';
import type { PipelineNode } from './node.ts';

export interface DynamicProgrammingAllocatorOptions {
  readonly fill?: FillName;
  /** The most states to look at before giving up. */
  readonly maxStates?: number;
}

const DEFAULT_MAX_STATES = 1_000_000;

export class DynamicProgrammingLayerAllocator implements LayerAllocator {
  readonly name = 'dp';
  readonly #fill: FillName;
  readonly #maxStates: number;

  constructor({
    fill = DEFAULT_FILL,
    maxStates = DEFAULT_MAX_STATES,
  }: DynamicProgrammingAllocatorOptions = {}) {
    checkNumber('maxStates', maxStates, { min: 1, isWhole: true });
    this.#fill = fill;
    this.#maxStates = maxStates;
  }

  allocate(
    model: ModelInfo,
    nodes: readonly PipelineNode[],
    constraints: AllocationConstraints = {},
  ): AllocationOutcome {
    const fill = FILLS[this.#fill];
    return allocateGroups(model, nodes, constraints, {
      group: (line) => {
        const plan = dynamicGroups(model, line, this.#maxStates);
        if ('groups' in plan) return plan.groups;
        const message = `More than ${plan.tooManyStates} states would have to be looked at for ${line.length} nodes; the optimal planner takes fleets of this size.`;
        return { kind: 'too_complex', message };
      },
      fill: (group) => fill(model, group),
    });
  }
}
