/** Asks a member's engine for its figures, as the pool's `metrics` section says. */

import {
  authorizationHeaders,
  createPageClient,
  type PageAuthorization,
  type PageClient,
  type PageOutcome,
  type TlsSettings,
} from '../../../engines/index.ts';
import type { F5Metrics } from '../../../routing/index.ts';
import type { MetricKeys, PoolSection } from '../config/scheduler-file.ts';
import { readTls } from '../tls.ts';
import { candidatesFor } from './candidates.ts';
import { createPageReader, type PageMemory, type PageReader } from './read-page.ts';
import { readModelFigures, readModelKeys } from './xinference.ts';

export interface MemberPlace {
  readonly ip: string;
  readonly port: number;
}

export type MemberFigures =
  | { readonly type: 'metrics'; readonly metrics: F5Metrics; readonly memory: PageMemory }
  | { readonly type: 'models'; readonly utilisation: ReadonlyMap<string, number> }
  | { readonly type: 'failure'; readonly isUnreachable: boolean; readonly message: string };

export type MemberKeys =
  | { readonly ok: true; readonly keys: ReadonlyMap<string, readonly string[]> }
  | { readonly ok: false; readonly message: string };

export interface MemberClient {
  /** Never throws. */
  figures(member: MemberPlace, memory: PageMemory, signal?: AbortSignal): Promise<MemberFigures>;
  /** The API keys of the models there, for pools that say where to ask. Never throws. */
  keys(member: MemberPlace, signal?: AbortSignal): Promise<MemberKeys>;
  close(): Promise<void>;
}

/** Engines' pages have tens of kilobytes; this keeps a wrong port from filling the memory. */
const MAX_PAGE_BYTES = 8 * 1024 * 1024;

/** @param open makes the client that fetches; another one than usual lets the addresses lie elsewhere */
export async function createMemberClient(
  pool: PoolSection,
  metricKeys: MetricKeys,
  open: (tls: TlsSettings) => PageClient = (tls) => createPageClient({ tls }),
): Promise<MemberClient> {
  const client = open(await readTls(pool.metrics.tls));
  const { engine, metrics } = pool;
  const reader: PageReader | undefined =
    engine === 'xinference' ? undefined : createPageReader(engine, candidatesFor(engine, metricKeys));
  const headers = authorizationHeaders(authorizationOf(metrics.apiKey, metrics.user, metrics.password));
  return {
    async figures(member, memory, signal) {
      const page = await client.get({
        url: urlOf(pool, member, metrics.path),
        timeoutMs: metrics.timeout * 1_000,
        maxBytes: MAX_PAGE_BYTES,
        headers,
        ...(signal && { signal }),
      });
      if (!page.ok) return failureOf(pool, page);
      if (reader !== undefined) return { type: 'metrics', ...reader(page.body, memory) };
      const figures = readModelFigures(page.body.toString('utf8'));
      if (figures.ok) return { type: 'models', utilisation: figures.utilisation };
      return { type: 'failure', isUnreachable: false, message: `GET ${page.url}: ${figures.message}` };
    },
    keys: (member, signal) => askForKeys(client, pool, member, signal),
    close: () => client.close(),
  };
}

async function askForKeys(
  client: PageClient,
  pool: PoolSection,
  member: MemberPlace,
  signal: AbortSignal | undefined,
): Promise<MemberKeys> {
  const { keySync } = pool;
  if (keySync === undefined) return { ok: false, message: 'the pool has no model_APIkey section' };
  const page = await client.get({
    url: urlOf(pool, member, keySync.path),
    timeoutMs: keySync.timeout * 1_000,
    maxBytes: MAX_PAGE_BYTES,
    headers: {
      accept: 'application/json',
      ...authorizationHeaders(authorizationOf(keySync.apiKey, keySync.user, keySync.password)),
    },
    ...(signal && { signal }),
  });
  if (!page.ok) return { ok: false, message: page.message };
  const read = readModelKeys(page.body.toString('utf8'));
  return read.ok ? read : { ok: false, message: `GET ${page.url}: ${read.message}` };
}

/** A closed port tells of the engine only where it is the engine's own. */
function failureOf(pool: PoolSection, page: Extract<PageOutcome, { ok: false }>): MemberFigures {
  const isOwnPort = !pool.metrics.port;
  return {
    type: 'failure',
    isUnreachable: isOwnPort && page.reason === 'unreachable',
    message: page.message,
  };
}

/** A key counts before a name and password; a name without a password is nothing. */
function authorizationOf(
  apiKey: string | undefined,
  username: string | undefined,
  password: string | undefined,
): PageAuthorization | undefined {
  if (apiKey !== undefined) return { type: 'bearer', token: apiKey };
  if (username === undefined || !password) return undefined;
  return { type: 'basic', username, password };
}

/** An appliance may add its route domain to the address: `10.0.0.1%2`. */
function urlOf({ metrics }: PoolSection, { ip, port }: MemberPlace, path: string): string {
  const host = ip.replace(/%\d+$/, '');
  const shown = host.includes(':') ? `[${host}]` : host;
  const separator = path.startsWith('/') ? '' : '/';
  return `${metrics.schema}://${shown}:${metrics.port || port}${separator}${path}`;
}
