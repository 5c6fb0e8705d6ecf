/** The task API on a listener that is shared with others. */

import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { answerToFailure, detail, type TaskAnswer } from './answer.ts';
import { streamEvents } from './event-stream.ts';
import type { TaskApiParts } from './parts.ts';
import { TASK_ROUTES, type TaskRoute } from './routes.ts';

/** Routes that the control listener takes in; its guards and its page of documentation hold for them, too. */
export interface TaskRoutes {
  readonly name: string;
  mount(app: OpenAPIHono): void;
}

const TAG = 'Tasks';

/** @param onInternalError told of failures that are nobody's mistake but ours */
export function createTaskRoutes(
  parts: TaskApiParts,
  onInternalError: (error: unknown) => void = () => undefined,
): TaskRoutes {
  const { maxBodyBytes } = parts.limits;
  const tooLarge = detail(413, `The request body is too large; allowed are ${maxBodyBytes} bytes`);
  async function guarded(answer: () => TaskAnswer | Promise<TaskAnswer>): Promise<TaskAnswer> {
    try {
      return await answer();
    } catch (thrown) {
      const { isInternal, ...failure } = answerToFailure(thrown);
      if (isInternal) onInternalError(thrown);
      return failure;
    }
  }
  return {
    name: 'task API',
    mount(app) {
      const limit = bodyLimit({ maxSize: maxBodyBytes, onError: () => toResponse(tooLarge) });
      for (const route of TASK_ROUTES) {
        app.openAPIRegistry.registerPath(documented(route));
        app.on(route.method.toUpperCase(), route.path, limit, async (context) => {
          const { req } = context;
          const body = route.method === 'post' ? await req.text() : '';
          const call = {
            query: new URL(req.url).searchParams,
            body,
            header: (name: string) => req.header(name),
            signal: req.raw.signal,
          };
          return toResponse(await guarded(() => route.answer(parts, call)));
        });
      }
      app.get('/task/events', (context) => answerEvents(parts, context));
      app.openAPIRegistry.registerPath(
        documented({
          method: 'get',
          path: '/task/events',
          summary: 'Server-sent events of one task, or of all',
          fields: ['task_id', 'model_name'],
        }),
      );
    },
  };
}

async function answerEvents(parts: TaskApiParts, context: Context): Promise<Response> {
  try {
    return await streamEvents(parts, context);
  } catch (thrown) {
    return toResponse(answerToFailure(thrown));
  }
}

function toResponse({ status, body, headers }: TaskAnswer): Response {
  return Response.json(body, { status, ...(headers !== undefined && { headers }) });
}

function documented({ method, path, summary, fields = [] }: Omit<TaskRoute, 'answer'>) {
  const schema = { type: 'string' as const };
  const properties = Object.fromEntries(fields.map((name) => [name, {}]));
  return {
    method,
    path,
    tags: [TAG],
    summary,
    ...(method === 'get'
      ? { parameters: fields.map((name) => ({ name, in: 'query' as const, required: false, schema })) }
      : {
          requestBody: {
            content: { 'application/json': { schema: { type: 'object' as const, properties } } },
          },
        }),
    responses: { 200: { description: summary } },
  };
}
