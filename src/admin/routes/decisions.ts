/** The last decisions, and one of them explained. */

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { SignalboxError } from '../../domain/index.ts';
import type { AdminOptions } from '../options.ts';
import { Decision, DecisionList } from '../schemas.ts';
import { decisionSummary, decisionView } from '../views.ts';
import { name, query, wholeNumber } from './parameters.ts';
import { errorResponses, jsonResponse } from './responses.ts';

const list = createRoute({
  method: 'get',
  path: '/admin/decisions',
  operationId: 'listDecisions',
  tags: ['decisions'],
  summary: 'The last decisions, newest first, each with how its request ended',
  request: {
    query: query({
      limit: wholeNumber(1, 1000, 'How many; 100 if left out').optional(),
      model: name('Only those for this model').optional(),
      instance: name('Only those that chose this instance').optional(),
      request: name('Only those for the request with this id').optional(),
    }),
  },
  responses: { 200: jsonResponse(DecisionList, 'The decisions'), ...errorResponses('invalid_value') },
});

const one = createRoute({
  method: 'get',
  path: '/admin/decisions/{id}',
  operationId: 'getDecision',
  tags: ['decisions'],
  summary: 'One decision in full: candidates, filters, scores, prediction, reason, and what came of it',
  request: {
    params: z.object({ id: name("The decision's id, or its request's: then the last one made for it") }),
  },
  responses: { 200: jsonResponse(Decision, 'The decision'), ...errorResponses('invalid_value', 'not_found') },
});

export function mountDecisions(app: OpenAPIHono, { decisions }: AdminOptions): void {
  app.openapi(list, (context) => {
    const { limit, model, instance, request } = context.req.valid('query');
    const found = decisions.list({
      ...(limit !== undefined && { limit }),
      ...(model !== undefined && { model }),
      ...(instance !== undefined && { instanceId: instance }),
      ...(request !== undefined && { requestId: request }),
    });
    return context.json({ decisions: found.map(decisionSummary) }, 200);
  });
  app.openapi(one, (context) => {
    const { id } = context.req.valid('param');
    const found = decisions.get(id);
    if (found !== undefined) return context.json(decisionView(found), 200);
    const message = `No decision or request ${JSON.stringify(id)} is remembered; only the last decisions are kept.`;
    throw new SignalboxError('not_found', message, { param: 'id' });
  });
}
