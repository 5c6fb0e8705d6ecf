/** The calls about nodes and chains, for the control listener. */

import { randomUUID } from 'node:crypto';
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Clock } from '../domain/index.ts';
import { SignalboxError } from '../domain/index.ts';
import { createNode, type LiveNodeStatus, type PipelineNode, type Route } from '../pipeline/index.ts';
import type { ChainService } from './chain-service.ts';
import {
  Heartbeat,
  Join,
  Left,
  NodeAnswer,
  nodeId,
  Overview,
  RebalanceAnswer,
  RebalanceWish,
  RouteAnswer,
  RouteWish,
  requestId,
} from './schemas.ts';

/** Routes that the control listener takes in; its guards and its page of documentation hold for them, too. */
export interface ChainRoutes {
  readonly name: string;
  mount(app: OpenAPIHono): void;
}

const json = <Schema extends z.ZodType>(schema: Schema) => ({ content: { 'application/json': { schema } } });
const answer = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  200: { description, ...json(schema) },
});
const byId = z.object({ id: nodeId });
const tags = ['pipelines'];

const join = createRoute({
  method: 'post',
  path: '/pipelines/nodes',
  tags,
  summary: 'A node joins; the answer says which layers it is to load',
  request: { body: { required: true, ...json(Join) } },
  responses: answer(NodeAnswer, 'The node as it is then'),
});
const heartbeat = createRoute({
  method: 'put',
  path: '/pipelines/nodes/{id}',
  tags,
  summary: 'A node says that it lives, how loaded and fast it is, and what it has loaded',
  request: { params: byId, body: { required: true, ...json(Heartbeat) } },
  responses: answer(NodeAnswer, 'The node as it is then'),
});
const leave = createRoute({
  method: 'delete',
  path: '/pipelines/nodes/{id}',
  tags,
  summary: 'A node leaves, at once or when what it runs has ended',
  request: {
    params: byId,
    query: z.strictObject({ drain: z.enum(['true', 'false'], 'true or false').default('false') }, 'drain'),
  },
  responses: answer(Left, 'Whether it is gone'),
});
const overview = createRoute({
  method: 'get',
  path: '/pipelines',
  tags,
  summary: 'Which layers are on which node, the pipelines, and how loaded they are',
  responses: answer(Overview, 'The fleet of nodes'),
});
const route = createRoute({
  method: 'post',
  path: '/pipelines/route',
  tags,
  summary: 'Room in a chain for one request, held until it is given back',
  request: { body: { required: true, ...json(RouteWish) } },
  responses: answer(RouteAnswer, 'The chain, hop by hop'),
});
const endRoute = createRoute({
  method: 'delete',
  path: '/pipelines/route/{requestId}',
  tags,
  summary: 'The request has ended: its room is free again',
  request: { params: z.object({ requestId }) },
  responses: answer(z.strictObject({ requestId: z.string() }), 'Done'),
});
const rebalance = createRoute({
  method: 'post',
  path: '/pipelines/rebalance',
  tags,
  summary: 'A new plan, where it is worth what moving costs',
  request: { body: { required: true, ...json(RebalanceWish) } },
  responses: answer(RebalanceAnswer, 'What the new plan would change'),
});

export function createChainRoutes(service: ChainService, clock: Clock): ChainRoutes {
  return { name: 'pipelines', mount: (app) => mount(app, service, clock) };
}

function mount(app: OpenAPIHono, service: ChainService, clock: Clock): void {
  app.openapi(join, async (context) => {
    const { url, reportsLayers, ...wish } = context.req.valid('json');
    await service.join({ node: nodeOf(wish), reportsLayers }, url);
    return context.json(nodeAnswer(service, wish.id), 200);
  });
  app.openapi(heartbeat, (context) => {
    const { id } = context.req.valid('param');
    const { rttMs, ...facts } = context.req.valid('json');
    service.heartbeat({
      nodeId: id,
      ...present(facts),
      ...(rttMs !== undefined && { rttMs: new Map(Object.entries(rttMs)) }),
    });
    return context.json(nodeAnswer(service, id), 200);
  });
  app.openapi(leave, (context) => {
    const { id } = context.req.valid('param');
    const isGone = service.leave(id, context.req.valid('query').drain === 'true');
    const requests = isGone ? 0 : nodeOfStatus(service, id).ownRequests;
    return context.json({ id, isGone, requests }, 200);
  });
  app.openapi(overview, (context) => context.json(overviewOf(service, clock.now()), 200));
  app.openapi(route, async (context) => {
    const { requestId: id = randomUUID(), waitMs } = context.req.valid('json');
    const granted = await service.route(id, waitMs, context.req.raw.signal);
    if (granted === undefined) throw noRoom(service, waitMs);
    return context.json(routeAnswer(service, id, granted.route), 200);
  });
  app.openapi(endRoute, (context) => {
    const { requestId: id } = context.req.valid('param');
    if (!service.endRoute(id)) {
      throw new SignalboxError('not_found', `No route is held under ${JSON.stringify(id)}.`, {
        param: 'requestId',
      });
    }
    return context.json({ requestId: id }, 200);
  });
  app.openapi(rebalance, (context) => {
    const { force } = context.req.valid('json');
    const move = service.rebalance(force) ?? null;
    return context.json({ isMoved: move !== null && (move.isWorthIt || force), move }, 200);
  });
}

function nodeOf({
  layers,
  rttMs,
  ...facts
}: Omit<z.output<typeof Join>, 'url' | 'reportsLayers'>): PipelineNode {
  return createNode({
    ...present(facts),
    ...(rttMs !== undefined && { rttMs: new Map(Object.entries(rttMs)) }),
    ...(layers !== undefined && { isManual: true, range: layers }),
  });
}

/** Without the fields that are `undefined`. */
function present<Facts extends object>(
  facts: Facts,
): { [Field in keyof Facts]: Exclude<Facts[Field], undefined> } {
  const entries = Object.entries(facts).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Field in keyof Facts]: Exclude<Facts[Field], undefined> };
}

function nodeOfStatus(service: ChainService, id: string): LiveNodeStatus {
  return service.status().nodes.find((node) => node.id === id)!;
}

function modelOf({ servedName, pipelines }: ChainService) {
  return { name: servedName, layers: pipelines.model.numLayers };
}

function nodeAnswer(service: ChainService, id: string): z.output<typeof NodeAnswer> {
  const { phase, range, pipelineId, isReady } = nodeOfStatus(service, id);
  return {
    id,
    phase,
    layers: range ?? null,
    pipeline: pipelineId ?? null,
    isReady,
    model: modelOf(service),
    heartbeatTimeoutMs: service.pipelines.settings.heartbeatTimeoutMs,
  };
}

function routeAnswer(service: ChainService, id: string, chosen: Route): z.output<typeof RouteAnswer> {
  const hops = chosen.hops.map(({ nodeId: node, startLayer, endLayer, linkMs, stageMs, room }) => ({
    node,
    url: service.addressOf(node) ?? null,
    start: startLayer,
    end: endLayer,
    linkMs,
    stageMs,
    room,
  }));
  const { latencyMs, reason, pipelineId } = chosen;
  return { requestId: id, pipeline: pipelineId ?? null, latencyMs, reason, hops };
}

function overviewOf(service: ChainService, nowMs: number): z.output<typeof Overview> {
  const { nodes, pipelines, promised, inFlight, waiting, unevenness } = service.status();
  return {
    model: modelOf(service),
    pipelines: pipelines.map(({ id, nodeIds }) => ({ id, nodes: [...nodeIds] })),
    chains: service.pipelines.chains().map((chain) => ({
      id: chain.id,
      nodes: [...chain.nodeIds],
      limit: chain.limit,
      isReady: service.pipelines.isReady(chain),
    })),
    promised: promised.map((ids) => [...ids]),
    nodes: nodes.map((node) => ({
      id: node.id,
      url: service.addressOf(node.id) ?? null,
      phase: node.phase,
      layers: node.range ?? null,
      pipeline: node.pipelineId ?? null,
      isReady: node.isReady,
      isManual: node.isManual,
      isLeaving: node.isLeaving,
      requests: node.currentRequests,
      limit: node.limit ?? null,
      stageMs: node.stageMs ?? null,
      silentMs: nowMs - node.lastHeartbeatMs,
    })),
    requestsInFlight: inFlight.length,
    requestsWaiting: waiting.length,
    unevenness,
  };
}

function noRoom(service: ChainService, waitMs: number): SignalboxError {
  const { length } = service.pipelines.chains();
  if (length === 0) {
    return new SignalboxError('no_instance_available', 'No nodes hold the whole model between them yet.');
  }
  return new SignalboxError('overloaded', `None of ${length} chains had room within ${waitMs} ms.`);
}
