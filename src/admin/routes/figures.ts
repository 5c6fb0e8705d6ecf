/** The figures of the last minute that policies read, for people. */

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { REQUEST_PRIORITIES, type RequestPriority, SignalboxError } from '../../domain/index.ts';
import type { AdminOptions, FiguresSource } from '../options.ts';
import { Figures } from './figures-schemas.ts';
import { query, wholeNumber } from './parameters.ts';
import { errorResponses, jsonResponse } from './responses.ts';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

const figures = createRoute({
  method: 'get',
  path: '/admin/figures',
  operationId: 'getFigures',
  tags: ['fleet'],
  summary:
    'Latencies, waits, errors and SLO compliance of the last minute, by instance, class, model and tenant',
  request: {
    query: query({
      limit: wholeNumber(
        1,
        MAX_LIMIT,
        `How many models and how many tenants, those heard of last; ${DEFAULT_LIMIT} if left out`,
      ).optional(),
    }),
  },
  responses: {
    200: jsonResponse(Figures, 'The figures'),
    ...errorResponses('invalid_value', 'not_found'),
  },
});

export function mountFigures(app: OpenAPIHono, { figures: source }: AdminOptions): void {
  app.openapi(figures, (context) => {
    if (source === undefined) throw new SignalboxError('not_found', 'Nobody collects figures here.');
    return context.json(figuresView(source, context.req.valid('query').limit ?? DEFAULT_LIMIT), 200);
  });
}

function figuresView(source: FiguresSource, limit: number) {
  const scheduling = source.getSchedulingMetrics();
  return {
    all: source.getGlobalMetrics(),
    scheduling: { ...scheduling, sloComplianceByPriority: { ...scheduling.sloComplianceByPriority } },
    instances: [...source.getAllInstanceMetrics().values()],
    priorities: Object.fromEntries(
      REQUEST_PRIORITIES.map((priority) => [priority, source.getPriorityMetrics(priority)]),
    ) as Record<RequestPriority, ReturnType<FiguresSource['getPriorityMetrics']>>,
    models: Object.fromEntries(source.latestModels(limit)),
    tenants: Object.fromEntries(source.latestTenants(limit)),
  };
}
