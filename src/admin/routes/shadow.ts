/** A second profile or policy that decides in the shadow of the real ones: begin, look, end. */

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';
import { SignalboxError } from '../../domain/index.ts';
import { KEPT_DISAGREEMENTS } from '../../scheduler/index.ts';
import type { AdminOptions, ShadowControl } from '../options.ts';
import { query, wholeNumber } from './parameters.ts';
import { errorResponses, jsonResponse } from './responses.ts';
import { ShadowBody, ShadowWishBody } from './shadow-schemas.ts';
import { shadowView } from './shadow-view.ts';

const DEFAULT_LIMIT = 20;

const show = createRoute({
  method: 'get',
  path: '/admin/shadow',
  operationId: 'getShadow',
  tags: ['decisions'],
  summary:
    'How often what runs in the shadow would have decided otherwise, and what difference it would make',
  request: {
    query: query({
      limit: wholeNumber(
        1,
        KEPT_DISAGREEMENTS,
        `How many disagreements; ${DEFAULT_LIMIT} if left out`,
      ).optional(),
    }),
  },
  responses: {
    200: jsonResponse(ShadowBody, 'What it has found, or null'),
    ...errorResponses('invalid_value'),
  },
});

const start = createRoute({
  method: 'post',
  path: '/admin/shadow',
  operationId: 'startShadow',
  tags: ['decisions'],
  summary: 'Let a second profile or policy decide on the same traffic, without effect',
  middleware: bodyLimit({ maxSize: 64 * 1024 }),
  request: { body: { content: { 'application/json': { schema: ShadowWishBody } }, required: true } },
  responses: {
    200: jsonResponse(ShadowBody, 'It runs, in place of what ran before'),
    ...errorResponses(
      'invalid_request',
      'invalid_value',
      'invalid_json',
      'unsupported_media_type',
      'request_too_large',
      'not_found',
    ),
  },
});

const stop = createRoute({
  method: 'delete',
  path: '/admin/shadow',
  operationId: 'stopShadow',
  tags: ['decisions'],
  summary: 'End what runs in the shadow',
  responses: { 200: jsonResponse(ShadowBody, 'What it had found'), ...errorResponses('not_found') },
});

export function mountShadow(app: OpenAPIHono, { scheduler, shadow: control }: AdminOptions): void {
  function existing(): ShadowControl {
    if (control === undefined) throw new SignalboxError('not_found', 'Nothing can run in the shadow here.');
    return control;
  }

  function view(limit = DEFAULT_LIMIT) {
    const report = scheduler.shadow();
    return { shadow: report === undefined ? null : shadowView(report, limit) };
  }

  app.openapi(show, (context) => context.json(view(context.req.valid('query').limit), 200));
  app.openapi(start, (context) => {
    existing().start(context.req.valid('json'));
    return context.json(view(), 200);
  });
  app.openapi(stop, (context) => {
    const control = existing();
    const last = view(KEPT_DISAGREEMENTS);
    if (last.shadow === null) throw new SignalboxError('not_found', 'Nothing runs in the shadow.');
    control.stop();
    return context.json(last, 200);
  });
}
