/** What a browser is shown: the status page, the API's reference, and the description that it is made from. */

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { AdminOptions } from '../options.ts';
import { DOCS_PAGE } from '../pages/docs-page.ts';
import type { Page } from '../pages/page.ts';
import { STATUS_PAGE } from '../pages/status-page.ts';
import { errorResponses } from './responses.ts';

const pageRoute = <Path extends string>(path: Path, operationId: string, summary: string) =>
  createRoute({
    method: 'get',
    path,
    operationId,
    tags: ['pages'],
    summary,
    responses: {
      200: { description: 'The page', content: { 'text/html': { schema: z.string() } } },
      ...errorResponses(),
    },
  });

const status = pageRoute('/', 'getStatusPage', 'Fleet, queue and last decisions at a glance');
const docs = pageRoute('/docs', 'getApiReference', 'The reference of this API');

const description = createRoute({
  method: 'get',
  path: '/openapi.json',
  operationId: 'getOpenApiDescription',
  tags: ['pages'],
  summary: 'This API as an OpenAPI 3.1 description',
  responses: {
    200: {
      description: 'The description',
      content: { 'application/json': { schema: z.record(z.string(), z.unknown()) } },
    },
    ...errorResponses(),
  },
});

/** The paths that show no data by themselves, and therefore need no token. */
export const PAGE_PATHS = ['/', '/docs', '/openapi.json'] as const;

export function mountPages(app: OpenAPIHono, options: AdminOptions): void {
  if (options.token !== undefined) {
    app.openAPIRegistry.registerComponent('securitySchemes', 'controlToken', {
      type: 'http',
      scheme: 'bearer',
    });
  }
  app.openapi(status, (context) => send(context, STATUS_PAGE));
  app.openapi(docs, (context) => send(context, DOCS_PAGE));
  // Made when it is asked for: rooms that mount routes of their own do so after this.
  app.openapi(description, (context) => context.json(describeApi(app, options), 200));
}

function send(context: Context, page: Page): Response {
  return context.html(page.html, 200, page.headers);
}

function describeApi(app: OpenAPIHono, { version, token }: AdminOptions): Record<string, unknown> {
  const api = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: "Signalbox's control API",
      version,
      description: 'For operators: what the scheduler sees and decides, and what can be set in motion.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    ...(token !== undefined && { security: [{ controlToken: [] }] }),
  });
  return { ...api };
}
