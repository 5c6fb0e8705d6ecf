/** Tells a path that does not exist from a method that a path does not have. */

import type { Context } from 'hono';
import { SignalboxError } from '../domain/index.ts';
import { errorResponse } from './error-response.ts';

interface Route {
  readonly method: string;
  /** In hono's notation: `/admin/decisions/:id`. */
  readonly path: string;
}

/** Answers 405 with `Allow` where only the method is wrong, and 404 naming the paths there are. */
export function answerUnknownRoute(context: Context, routes: readonly Route[]): Response {
  const { method, path } = context.req;
  const methods = methodsOf(path, routes);
  if (methods.length === 0) {
    const paths = [...new Set(routes.filter(isRealRoute).map((route) => route.path))].sort();
    const message = `Nothing is at ${shortened(path)}; there are ${paths.join(', ')}.`;
    return errorResponse(context, new SignalboxError('unknown_path', message));
  }
  context.header('Allow', methods.join(', '));
  const message = `${shortened(path)} does not answer ${method}; it answers ${methods.join(' and ')}.`;
  return errorResponse(context, new SignalboxError('method_not_allowed', message));
}

/** The methods that `path` answers; `HEAD` goes with `GET`. */
export function methodsOf(path: string, routes: readonly Route[]): string[] {
  const matching = routes.filter((route) => isRealRoute(route) && matches(route.path, path));
  const methods = new Set(matching.map((route) => route.method));
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods].sort();
}

/** hono lists middleware among the routes, for all methods. */
function isRealRoute(route: Route): boolean {
  return route.method !== 'ALL';
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const found = path.split('/');
  return (
    wanted.length === found.length &&
    wanted.every((segment, index) =>
      segment.startsWith(':') ? found[index] !== '' : segment === found[index],
    )
  );
}

function shortened(path: string): string {
  return path.length <= 100 ? path : `${path.slice(0, 100)}…`;
}
