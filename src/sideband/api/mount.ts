/** The select API on a listener that is shared with others. */

import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { EXPLAIN_HEADER, MAX_BODY_BYTES, SELECT_ROUTES, type SelectRoute, tooLarge } from './routes.ts';
import type { SelectApi } from './select-api.ts';

/** Routes that the control listener takes in; its guards and its page of documentation hold for them, too. */
export interface SelectRoutes {
  readonly name: string;
  mount(app: OpenAPIHono): void;
}

const TAG = 'Select API';

export function createSelectRoutes(api: SelectApi): SelectRoutes {
  return {
    name: 'select API',
    mount(app) {
      const limit = bodyLimit({ maxSize: MAX_BODY_BYTES, onError: () => toResponse(tooLarge()) });
      for (const route of SELECT_ROUTES) {
        if (route.isForOwnListener) continue;
        app.openAPIRegistry.registerPath(documented(route));
        app.on(route.method.toUpperCase(), route.path, limit, (context) => answer(api, route, context));
      }
    },
  };
}

async function answer(api: SelectApi, route: SelectRoute, context: Context): Promise<Response> {
  const { req } = context;
  const call = {
    params: req.param(),
    query: new URL(req.url).searchParams,
    body: route.method === 'post' ? await req.text() : '',
    wantsReason: req.header(EXPLAIN_HEADER) !== undefined,
  };
  return toResponse(route.answer(api, call));
}

function toResponse({ status, contentType, body, headers }: ReturnType<SelectRoute['answer']>): Response {
  const length = String(Buffer.byteLength(body));
  return new Response(body, {
    status,
    headers: { 'content-type': contentType, 'content-length': length, ...headers },
  });
}

function documented({ method, path, summary, answers }: SelectRoute) {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name!);
  const content = {
    ...(answers !== 'json' && { 'text/plain': { schema: { type: 'string' as const } } }),
    ...(answers !== 'text' && { 'application/json': { schema: { type: 'object' as const } } }),
  };
  return {
    method,
    path: path.replaceAll(/:(\w+)/g, '{$1}'),
    tags: [TAG],
    summary,
    parameters: names.map((name) => ({
      name,
      in: 'path' as const,
      required: true,
      schema: { type: 'string' as const },
    })),
    ...(method === 'post' && { requestBody: SELECT_BODY }),
    responses: { 200: { description: summary, content } },
  };
}

const SELECT_BODY = {
  content: {
    'application/json': {
      schema: {
        type: 'object' as const,
        required: ['pool_name', 'partition', 'members'],
        properties: {
          pool_name: { type: 'string' as const },
          partition: { type: 'string' as const },
          members: { type: 'array' as const, items: { type: 'string' as const } },
          model: { type: 'string' as const },
        },
      },
    },
  },
};
