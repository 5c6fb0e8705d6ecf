/** The JSON of the calls about nodes and chains. */

import { z } from '@hono/zod-openapi';

const NAME = 'a text of 1 to 64 letters, digits and any of "._:@-"';
const positive = (description: string) =>
  z.number('a number above 0').gt(0, 'a number above 0').openapi({ description });
const share = (description: string) =>
  z
    .number('a number from 0 to 1')
    .min(0, 'a number from 0 to 1')
    .max(1, 'a number from 0 to 1')
    .openapi({ description });
const whole = (min: number, description: string) => {
  const allowed = `a whole number of at least ${min}`;
  return z.int(allowed).min(min, allowed).openapi({ description });
};
const text = (description: string) =>
  z
    .string('a text')
    .min(1, 'a text that is not empty')
    .max(256, 'a text of at most 256 characters')
    .openapi({ description });

export const nodeId = z
  .string(NAME)
  .regex(/^[\w.:@-]{1,64}$/, NAME)
  .openapi({ description: "The node's name" });
export const requestId = z
  .string('a text of 1 to 128 characters')
  .min(1, 'a text of 1 to 128 characters')
  .max(128, 'a text of 1 to 128 characters');

const layers = z
  .strictObject(
    { start: whole(0, 'The first layer'), end: whole(1, 'The layer after the last') },
    'start and end',
  )
  .openapi({ description: 'Layers from `start` up to, not including, `end`' });

const rtts = z
  .record(z.string(), z.number('milliseconds').min(0, 'milliseconds of at least 0'), 'milliseconds by node')
  .openapi({
    description: 'Milliseconds of a round trip to other nodes, also of such as have not joined yet',
  });

const hardware = z.strictObject(
  {
    gpuName: text('As in `H100`'),
    gpuCount: whole(1, 'GPUs that share each layer').default(1),
    tflopsFp16: positive('Of one GPU, dense'),
    memoryGb: positive('Of one GPU, GiB'),
    memoryBandwidthGBps: positive("Of one GPU's memory, GB/s"),
    device: text('`cuda`, or `mlx` where the MLX weights run').default('cuda'),
  },
  'gpuName, gpuCount, tflopsFp16, memoryGb, memoryBandwidthGBps, device',
);

export const Join = z
  .strictObject(
    {
      id: nodeId,
      url: z
        .url({ protocol: /^https?$/, error: 'an http:// or https:// address' })
        .optional()
        .openapi({ description: 'Where it answers requests; needed of the first node of a chain' }),
      hardware,
      kvCacheMemoryShare: share('Memory for the KV cache; default 0.3').optional(),
      paramMemoryShare: share('Memory for weights; default 0.5').optional(),
      maxConcurrentRequests: whole(1, 'Requests at a time; default 16').optional(),
      maxSequenceLength: whole(1, 'Tokens of a request; default 4096').optional(),
      layers: layers.optional().openapi({ description: 'Exactly these layers, whatever a plan would say' }),
      rttMs: rtts.optional(),
      labels: z.record(z.string(), z.string('a text'), 'texts by name').optional(),
      usdPerHour: z.number('a number of at least 0').min(0, 'a number of at least 0').optional(),
      reportsLayers: z
        .boolean('true or false')
        .default(true)
        .openapi({ description: 'It says which layers it has loaded, and gets no requests before' }),
    },
    'id, url, hardware, kvCacheMemoryShare, paramMemoryShare, maxConcurrentRequests, maxSequenceLength, layers, rttMs, labels, usdPerHour, reportsLayers',
  )
  .openapi('PipelineNodeJoin');

export const Heartbeat = z
  .strictObject(
    {
      currentRequests: whole(0, 'All requests that it has, also those of others').optional(),
      layerLatencyMs: z
        .number('milliseconds of at least 0')
        .min(0, 'milliseconds of at least 0')
        .optional()
        .openapi({ description: 'Measured time of one layer for one step' }),
      rttMs: rtts
        .optional()
        .openapi({ description: 'All links that it knows; replaces those it said before' }),
      isActive: z.boolean('true or false').optional().openapi({ description: 'Whether it is well' }),
      loaded: layers
        .nullable()
        .optional()
        .openapi({ description: 'The layers that it has loaded; null: none' }),
    },
    'currentRequests, layerLatencyMs, rttMs, isActive, loaded',
  )
  .openapi('PipelineNodeHeartbeat');

export const NodeAnswer = z
  .strictObject({
    id: z.string(),
    phase: z.enum(['standby', 'preparing', 'serving', 'draining']),
    layers: layers.nullable().openapi({ description: 'What it is to hold now; null: nothing' }),
    pipeline: z.number().nullable().openapi({ description: 'The pipeline that it is part of' }),
    isReady: z.boolean().openapi({ description: 'Whether it may get requests' }),
    model: z.strictObject({ name: z.string(), layers: z.number() }),
    heartbeatTimeoutMs: z.number().openapi({ description: 'A node that is silent for longer has failed' }),
  })
  .openapi('PipelineNode');

export const Left = z
  .strictObject({
    id: z.string(),
    isGone: z
      .boolean()
      .openapi({ description: '`false`: it drains, and is gone when what it runs has ended' }),
    requests: z.number().openapi({ description: 'Requests that it still runs' }),
  })
  .openapi('PipelineNodeLeft');

const hop = z.strictObject({
  node: z.string(),
  url: z.string().nullable(),
  start: z.number(),
  end: z.number(),
  linkMs: z.number().openapi({ description: 'From the node before' }),
  stageMs: z.number().openapi({ description: 'All its layers, as loaded as it was' }),
  room: z.number().openapi({ description: 'Requests that it could take, this one included' }),
});

export const RouteWish = z
  .strictObject(
    {
      requestId: requestId.optional().openapi({ description: 'Of your own; made up when absent' }),
      waitMs: z
        .int('a whole number from 0 to 600000')
        .min(0, 'a whole number from 0 to 600000')
        .max(600_000, 'a whole number from 0 to 600000')
        .default(0)
        .openapi({ description: 'How long to wait for room' }),
    },
    'requestId, waitMs',
  )
  .openapi('PipelineRouteWish');

export const RouteAnswer = z
  .strictObject({
    requestId: z.string(),
    pipeline: z.number().nullable().openapi({ description: 'The registered pipeline, where it is one' }),
    latencyMs: z.number().openapi({ description: 'Stages and links of one step' }),
    reason: z.string(),
    hops: z.array(hop),
  })
  .openapi('PipelineRoute');

export const RebalanceWish = z
  .strictObject(
    {
      force: z
        .boolean('true or false')
        .default(false)
        .openapi({ description: 'Move even where it is not worth it' }),
    },
    'force',
  )
  .openapi('PipelineRebalanceWish');

const move = z.strictObject({
  isWorthIt: z.boolean(),
  reason: z.string(),
  nodesThatLoad: z.number(),
  layersToLoad: z.number(),
  bytesToLoad: z.number(),
  loadMs: z.number().openapi({ description: 'Of the node that takes longest' }),
  stepsPerSecondBefore: z.number(),
  stepsPerSecondAfter: z.number(),
});

export const RebalanceAnswer = z
  .strictObject({
    isMoved: z.boolean(),
    move: move.nullable().openapi({ description: 'What a new plan would be; null where there is none' }),
  })
  .openapi('PipelineRebalance');

export const Overview = z
  .strictObject({
    model: z.strictObject({ name: z.string(), layers: z.number() }),
    pipelines: z.array(z.strictObject({ id: z.number(), nodes: z.array(z.string()) })),
    chains: z.array(
      z.strictObject({
        id: z.string().openapi({ description: "The instance's id in the fleet" }),
        nodes: z.array(z.string()),
        limit: z.number(),
        isReady: z.boolean(),
      }),
    ),
    promised: z.array(z.array(z.string())).openapi({ description: 'Pipelines that wait for nodes to drain' }),
    nodes: z.array(
      z.strictObject({
        id: z.string(),
        url: z.string().nullable(),
        phase: z.string(),
        layers: layers.nullable(),
        pipeline: z.number().nullable(),
        isReady: z.boolean(),
        isManual: z.boolean(),
        isLeaving: z.boolean(),
        requests: z.number(),
        limit: z.number().nullable(),
        stageMs: z.number().nullable(),
        silentMs: z.number().openapi({ description: 'Since it was last heard of' }),
      }),
    ),
    requestsInFlight: z.number(),
    requestsWaiting: z.number(),
    unevenness: z.number().openapi({
      description:
        'Standard deviation over mean of the layers’ cache memory; above the threshold a departure makes a new plan',
    }),
  })
  .openapi('Pipelines');
