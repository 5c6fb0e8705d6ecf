/** Which handler answers which path and method. */

import { completionHandler } from './completions.ts';
import type { Dialect } from './dialects/dialect.ts';
import { handleEmbeddings } from './embeddings.ts';
import type { Handler } from './exchange.ts';
import { addFault, FAULTS_PATH, listFaults, removeFaults } from './fault-control.ts';
import { handleHealth, handleMetrics, handleModels, handleTokenize, identityHandler } from './information.ts';

/** Handlers by method, for one path. */
export type Route = Readonly<Record<string, Handler>>;

export function routesOf(dialect: Dialect): ReadonlyMap<string, Route> {
  const routes = new Map<string, Route>([
    ['/v1/chat/completions', { POST: completionHandler('chat') }],
    ['/v1/completions', { POST: completionHandler('completion') }],
    ['/v1/embeddings', { POST: handleEmbeddings }],
    ['/v1/models', { GET: handleModels }],
    ['/health', { GET: handleHealth }],
    ['/metrics', { GET: handleMetrics }],
    ['/tokenize', { POST: handleTokenize }],
    [FAULTS_PATH, { GET: listFaults, POST: addFault, DELETE: removeFaults }],
  ]);
  for (const endpoint of dialect.identity) routes.set(endpoint.path, { GET: identityHandler(endpoint) });
  return routes;
}

export function findRoute(routes: ReadonlyMap<string, Route>, path: string): Route | undefined {
  return routes.get(path) ?? (path.startsWith(`${FAULTS_PATH}/`) ? { DELETE: removeFaults } : undefined);
}
