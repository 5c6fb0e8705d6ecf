/** What waits, by model and class. */

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { AdminOptions } from '../options.ts';
import { Queue } from '../schemas.ts';
import { queueView } from '../views.ts';
import { errorResponses, jsonResponse } from './responses.ts';

const queue = createRoute({
  method: 'get',
  path: '/admin/queue',
  operationId: 'getQueue',
  tags: ['fleet'],
  summary: 'What waits, by model and class, and how fast it drains',
  responses: { 200: jsonResponse(Queue, 'The queue'), ...errorResponses() },
});

export function mountQueue(app: OpenAPIHono, { scheduler }: AdminOptions): void {
  app.openapi(queue, (context) => context.json(queueView(scheduler.queue()), 200));
}
