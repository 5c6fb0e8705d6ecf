/** Whether the process lives, and whether it can serve. */

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { SignalboxError } from '../../domain/index.ts';
import type { AdminOptions } from '../options.ts';
import { Health, Readiness } from '../schemas.ts';
import { errorResponses, jsonResponse } from './responses.ts';

const health = createRoute({
  method: 'get',
  path: '/health',
  operationId: 'getHealth',
  tags: ['health'],
  summary: 'Whether the process lives',
  responses: { 200: jsonResponse(Health, 'It does'), ...errorResponses() },
});

const ready = createRoute({
  method: 'get',
  path: '/ready',
  operationId: 'getReadiness',
  tags: ['health'],
  summary: 'Whether new requests are taken and some instance is ready for them',
  responses: {
    200: jsonResponse(Readiness, 'They are'),
    ...errorResponses('shutting_down', 'no_instance_available'),
  },
});

export function mountHealth(app: OpenAPIHono, { scheduler, isAccepting, version }: AdminOptions): void {
  const lives = { status: 'healthy', service: 'scheduler', version } as const;
  app.openapi(health, (context) => context.json(lives, 200));
  app.openapi(ready, (context) => {
    if (isAccepting?.() === false) throw new SignalboxError('shutting_down', 'Signalbox is shutting down.');
    const states = scheduler.instances().map(({ state }) => state);
    const readyInstances = states.filter((state) => state === 'ready').length;
    if (readyInstances === 0) {
      const message = `None of ${states.length} instances is ready (${states.join(', ') || 'the fleet is empty'}).`;
      throw new SignalboxError('no_instance_available', message);
    }
    return context.json({ isReady: true as const, readyInstances, instances: states.length }, 200);
  });
}
