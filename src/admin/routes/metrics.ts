/** The page that Prometheus scrapes. */

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { METRICS_CONTENT_TYPE } from '../../telemetry/index.ts';
import type { AdminOptions } from '../options.ts';
import { errorResponses } from './responses.ts';

const metrics = createRoute({
  method: 'get',
  path: '/metrics',
  operationId: 'getMetrics',
  tags: ['metrics'],
  summary: "All metrics in Prometheus' text format",
  responses: {
    200: { description: 'The page', content: { 'text/plain': { schema: z.string() } } },
    ...errorResponses('internal_error'),
  },
});

export function mountMetrics(app: OpenAPIHono, { metricsText }: AdminOptions): void {
  app.openapi(metrics, async (context) =>
    context.text(await metricsText(), 200, { 'Content-Type': METRICS_CONTENT_TYPE }),
  );
}
