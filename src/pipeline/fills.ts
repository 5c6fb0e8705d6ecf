/** How the layers of a pipeline are spread over its nodes, by name. */

import { greedyFill } from './greedy-fill.ts';
import type { ModelInfo } from './model-info.ts';
import type { NodeGroup } from './node-line.ts';
import { type FillOutcome, waterFill } from './water-filling.ts';

export const FILLS = {
  /** By arithmetic throughput. */
  'water-by-flops': (model: ModelInfo, group: NodeGroup): FillOutcome => waterFill(model, group),
  /** By memory bandwidth, which decides when tokens are generated. */
  'water-by-bandwidth': (model: ModelInfo, group: NodeGroup): FillOutcome =>
    waterFill(model, group, { power: 'bandwidth' }),
  /** Each node is filled before the next one gets a layer. */
  greedy: greedyFill,
} as const;

export type FillName = keyof typeof FILLS;

export const DEFAULT_FILL: FillName = 'water-by-flops';
