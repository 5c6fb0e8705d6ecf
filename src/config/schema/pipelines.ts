/** Machines that serve one model together: which model, and how layers and requests are given to them. */

import * as z from 'zod';
import { PIPELINE_ROUTING_NAMES } from '../../pipeline/index.ts';
import { count, milliseconds, modelName, positive, text } from './fields.ts';

/** How layers are given to nodes. */
export const PIPELINE_ALLOCATOR_NAMES = ['optimal', 'dp', 'greedy'] as const;

const rebalance = z
  .strictObject({
    threshold: positive()
      .optional()
      .describe(
        'After a departure: how uneven the layers’ cache memory may be (standard deviation over mean) before a new plan is thought of. Default: a new plan is only made when asked for.',
      ),
    minGain: z
      .number()
      .min(0)
      .default(0.1)
      .describe('How many more steps per second a new plan must bring, as a part of what there are.'),
    amortiseMs: milliseconds()
      .default(600_000)
      .describe('Milliseconds after which the steps lost while layers are loaded must have come back.'),
    loadBytesPerSecond: positive().default(1e9).describe('How fast a node loads weights.'),
  })
  .prefault({})
  .describe('When nodes are given other layers. What a node runs ends before it changes.');

export const pipelinesSection = z
  .strictObject({
    model: text().describe(
      'JSON file of the model that the nodes serve, relative to this file: a `config.json` of Hugging Face, or the fields of `ModelInfo`.',
    ),
    servedName: modelName()
      .optional()
      .describe('Under which callers ask for it. Default: the name in the model’s file.'),
    allocator: z
      .enum(PIPELINE_ALLOCATOR_NAMES)
      .default('optimal')
      .describe(
        'How layers are given to nodes: as well as can be proven, by dynamic programming, or greedily.',
      ),
    routing: z
      .enum(PIPELINE_ROUTING_NAMES)
      .default('rr')
      .describe(
        'Which chain a request takes: pipelines in turn (rr), the one of least latency (dp), any (random), or in proportion to the greatest flow (flow). All but rr may go from a node of one pipeline to one of another.',
      ),
    minNodes: count().default(1).describe('Nodes that must be there before layers are given to any.'),
    heartbeatTimeoutMs: milliseconds(10)
      .default(30_000)
      .describe('Milliseconds of silence after which a node has failed.'),
    assumedRttMs: z
      .number()
      .min(0)
      .default(100)
      .describe('Milliseconds that a link is taken to cost that nobody has measured.'),
    maxWaiting: count(0).default(10_000).describe('Calls for a route that may wait for room.'),
    routeLeaseMs: milliseconds()
      .default(600_000)
      .describe('Milliseconds after which a route is free again that nobody gave back.'),
    keepApartBy: z
      .array(text())
      .default([])
      .describe('Labels of nodes, such as `site` or `owner`, in which all nodes of a pipeline agree.'),
    rebalance,
  })
  .optional()
  .describe(
    'Machines that serve one model together, each some of its layers. They join on the control listener. A change needs a restart. Default: none.',
  );
