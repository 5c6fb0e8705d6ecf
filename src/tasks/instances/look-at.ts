/** Looks at an address that wants to be registered: whether something healthy is there, what it is and what it serves. */

import type { EngineKind } from '../../domain/index.ts';
import { ENGINE_ADAPTERS, type PageClient, type PageOutcome, recogniseEngine } from '../../engines/index.ts';
import type { GuardedClient } from './guarded-client.ts';
import { askInfo } from './task-instance-client.ts';

export type Finding =
  | { readonly type: 'task-instance'; readonly model: string; readonly replicas?: number }
  | { readonly type: 'engine'; readonly engine: EngineKind; readonly models: readonly string[] }
  /** `reason` says in words what is wrong there. */
  | { readonly type: 'unfit'; readonly reason: string };

/** What a task instance calls itself when it should get no work. */
const UNHEALTHY: ReadonlySet<string> = new Set([
  'error',
  'failed',
  'unhealthy',
  'stopped',
  'stopping',
  'terminated',
  'shutting_down',
]);

export async function lookAt(client: GuardedClient, baseUrl: string, timeoutMs: number): Promise<Finding> {
  const asked = await askInfo(client, baseUrl, timeoutMs);
  if (asked.type === 'unreachable')
    return { type: 'unfit', reason: `it cannot be reached: ${asked.message}` };
  if (asked.type === 'foreign') return lookForEngine(client, baseUrl, timeoutMs);
  const { status, model, replicas } = asked.info;
  if (isUnhealthy(status))
    return { type: 'unfit', reason: `it says that it is not healthy (instance_status "${status}")` };
  if (model === undefined)
    return { type: 'unfit', reason: 'it has no model deployed (deployed_model is null)' };
  return { type: 'task-instance', model, ...(replicas !== undefined && { replicas }) };
}

export function isUnhealthy(instanceStatus: string): boolean {
  return UNHEALTHY.has(instanceStatus.toLowerCase());
}

async function lookForEngine(client: GuardedClient, baseUrl: string, timeoutMs: number): Promise<Finding> {
  const pages = pageClientOf(client);
  const found = await recogniseEngine(baseUrl, { client: pages, timeoutMs });
  if (!found.ok)
    return { type: 'unfit', reason: `it is neither a task instance nor a ready engine: ${found.message}` };
  if (found.models.length === 0)
    return { type: 'unfit', reason: `the engine (${found.kind}) serves no model` };
  for (const path of ENGINE_ADAPTERS[found.kind].healthPaths) {
    const health = await pages.get({ url: `${baseUrl}${path}`, timeoutMs, maxBytes: MAX_HEALTH_BYTES });
    if (health.ok) break;
    // The first health page that exists counts.
    if (health.status === 404 || health.status === 405) continue;
    return { type: 'unfit', reason: `the engine (${found.kind}) is not healthy: ${health.message}` };
  }
  return { type: 'engine', engine: found.kind, models: found.models };
}

const MAX_HEALTH_BYTES = 4 * 1024 * 1024;

/** The guarded client as the adapters' page client. */
function pageClientOf(client: GuardedClient): PageClient {
  return {
    async get({ url, timeoutMs, maxBytes, headers, signal }): Promise<PageOutcome> {
      const options = { timeoutMs, maxBytes, ...(headers && { headers }), ...(signal && { signal }) };
      const outcome = await client.call({ method: 'GET', url, ...options });
      if (outcome.type === 'failure') {
        const { reason } = outcome;
        const known = reason === 'timeout' || reason === 'too-large' || reason === 'aborted';
        const message = `GET ${url}: ${outcome.message}`;
        return { ok: false, url, reason: known ? reason : 'unreachable', message };
      }
      const { status, body } = outcome;
      if (status >= 200 && status < 300) return { ok: true, url, status, body };
      const reason = status >= 300 && status < 400 ? 'redirect' : 'status';
      return { ok: false, url, reason, status, message: `GET ${url}: answered ${status}` };
    },
    close: async () => undefined,
  };
}
