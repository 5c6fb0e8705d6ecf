/** The policy in force, and what it tells of itself. */

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { AdminOptions } from '../options.ts';
import { Policy } from '../schemas.ts';
import { policyView } from '../views.ts';
import { errorResponses, jsonResponse } from './responses.ts';

const policy = createRoute({
  method: 'get',
  path: '/admin/policy',
  operationId: 'getPolicy',
  tags: ['decisions'],
  summary: 'The policy in force, and what it tells of itself',
  responses: { 200: jsonResponse(Policy, 'The policy'), ...errorResponses() },
});

export function mountPolicy(app: OpenAPIHono, { scheduler }: AdminOptions): void {
  app.openapi(policy, (context) => context.json(policyView(scheduler.policy()), 200));
}
