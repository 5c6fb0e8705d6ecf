/** The control listener's routes behind its guards, without a socket. */

import { OpenAPIHono } from '@hono/zod-openapi';
import { errorResponse, failureOf } from './error-response.ts';
import { isLoopback } from './guards/binding.ts';
import { hostGuard, originGuard, tokenGuard } from './guards/guards.ts';
import { refuseInvalidInput } from './invalid-input.ts';
import type { AdminOptions } from './options.ts';
import { mountConfiguration } from './routes/configuration.ts';
import { mountDecisions } from './routes/decisions.ts';
import { mountFigures } from './routes/figures.ts';
import { mountHealth } from './routes/health.ts';
import { mountInstances } from './routes/instances.ts';
import { mountMetrics } from './routes/metrics.ts';
import { mountPages, PAGE_PATHS } from './routes/pages.ts';
import { mountPolicy } from './routes/policy.ts';
import { mountQueue } from './routes/queue.ts';
import { mountScaling } from './routes/scaling.ts';
import { mountShadow } from './routes/shadow.ts';
import { answerUnknownRoute } from './unknown-route.ts';
import { LET_THROUGH } from './upgrades.ts';

export const DEFAULT_HOST = '127.0.0.1';

/** Adding routes is adding a line here. */
const MOUNTS = [
  mountPages,
  mountHealth,
  mountMetrics,
  mountInstances,
  mountQueue,
  mountPolicy,
  mountFigures,
  mountScaling,
  mountDecisions,
  mountShadow,
  mountConfiguration,
];

export function createAdminApp(options: AdminOptions): OpenAPIHono {
  const app = new OpenAPIHono({ defaultHook: refuseInvalidInput });
  guard(app, options);
  for (const mount of MOUNTS) mount(app, options);
  for (const routes of options.routes ?? []) routes.mount(app);
  app.notFound((context) => answerUnknownRoute(context, app.routes));
  answerFailures(app, options);
  return app;
}

/** The guards alone, for connections that are about to leave HTTP. */
export function createGuards(options: AdminOptions): OpenAPIHono {
  const app = new OpenAPIHono();
  guard(app, options);
  app.all('*', (context) => context.body(null, LET_THROUGH));
  answerFailures(app, options);
  return app;
}

function answerFailures(app: OpenAPIHono, options: AdminOptions): void {
  app.onError((thrown, context) => {
    const error = failureOf(thrown);
    if (error.code === 'internal_error') options.onInternalError?.(thrown);
    return errorResponse(context, error);
  });
}

function guard(app: OpenAPIHono, { host = DEFAULT_HOST, allowedHosts = [], token }: AdminOptions): void {
  if (isLoopback(host)) app.use(hostGuard(allowedHosts));
  app.use(originGuard());
  if (token !== undefined) app.use(tokenGuard(token, new Set(['/health', '/ready', ...PAGE_PATHS])));
}
