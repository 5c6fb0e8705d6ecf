/** Runs `f5-api.jsonl`: the calls of the select API, over HTTP. */

import type { F5Metrics } from '../../../src/routing/index.ts';
import {
  createSelectApi,
  createSelectServer,
  type Pool,
  type PoolEngine,
  PoolTable,
} from '../../../src/sideband/index.ts';
import { firstDifference, isRecord, runAll, type VectorOutcome, type Verdict } from './outcome.ts';

interface ApiRecord {
  readonly id: string;
  readonly endpoint: string;
  readonly pool?: PoolRecord | null;
  readonly pools?: readonly PoolRecord[];
  readonly u?: number;
  readonly u_cycle?: readonly number[];
  readonly request?: unknown;
  readonly path_params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly response: {
    readonly status: number;
    readonly content_type?: string;
    readonly body?: unknown;
    readonly validation_errors?: readonly unknown[];
  };
}

interface PoolRecord {
  readonly name: string;
  readonly partition?: string;
  readonly engine_type?: PoolEngine;
  readonly pool_fallback?: boolean;
  readonly member_running_req_threshold?: number;
  readonly member_waiting_queue_threshold?: number;
  readonly members: readonly {
    readonly ip: string;
    readonly port: number;
    readonly score?: number;
    readonly metrics?: F5Metrics;
    readonly model_metrics?: Readonly<Record<string, number>>;
  }[];
}

const NOW_MS = 1_000;

/** One listener for all records; each puts its own pools and draws behind it. */
export async function runApi(lines: readonly string[]): Promise<VectorOutcome> {
  let record: ApiRecord | undefined;
  let draws = 0;
  const pools = { current: new PoolTable() };
  const api = createSelectApi({
    pools: {
      get: (name, partition) => pools.current.get(name, partition),
      all: () => pools.current.all(),
    },
    clock: { now: () => NOW_MS },
    random: { next: () => drawOf(record!, draws++) },
    freshness: () => ({ staleAfterMs: 0, keepLastScore: keepsLastScore(record!) }),
  });
  const server = createSelectServer({ api, port: 0 });
  const url = await server.listen();
  try {
    return await runAll<ApiRecord>(lines, async (next) => {
      record = next;
      draws = 0;
      pools.current = tableOf(next);
      return judge(next, await call(url, next));
    });
  } finally {
    await server.close();
  }
}

function drawOf({ u, u_cycle }: ApiRecord, count: number): number {
  return u ?? u_cycle![count % u_cycle!.length]!;
}

/**
 * The existing scheduler also chooses members that it has no figures of. Records with such members therefore run with the
 * switch for that; all others as Signalbox runs by default.
 */
function keepsLastScore({ pool }: ApiRecord): boolean {
  return (pool?.members ?? []).some(
    ({ metrics, model_metrics }) => model_metrics === undefined && Object.keys(metrics ?? {}).length === 0,
  );
}

function tableOf({ pool, pools }: ApiRecord): PoolTable {
  const table = new PoolTable();
  for (const record of pools ?? (pool ? [pool] : [])) fill(table, record);
  return table;
}

function fill(table: PoolTable, record: PoolRecord): void {
  const pool: Pool = table.ensure({
    name: record.name,
    partition: record.partition ?? 'Common',
    engine: record.engine_type ?? 'vllm',
    isFallback: record.pool_fallback ?? false,
    ...(record.member_running_req_threshold !== undefined && {
      maxRunning: record.member_running_req_threshold,
    }),
    ...(record.member_waiting_queue_threshold !== undefined && {
      maxWaiting: record.member_waiting_queue_threshold,
    }),
  });
  pool.setMembers(record.members, NOW_MS);
  for (const [i, { score, metrics = {}, model_metrics }] of record.members.entries()) {
    const member = pool.members[i]!;
    if (score !== undefined) member.score = score;
    member.metrics = metrics;
    member.scoredAtMs = NOW_MS;
    const models = Object.entries(model_metrics ?? {});
    member.models = new Map(models.map(([name, utilisation]) => [name, { utilisation, readAtMs: NOW_MS }]));
  }
}

interface Answered {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

async function call(base: string, record: ApiRecord): Promise<Answered> {
  const [method, pattern] = record.endpoint.split(' ') as [string, string];
  const path = pattern.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(record.path_params![name]!),
  );
  const url = new URL(path, base);
  for (const [name, value] of Object.entries(record.query ?? {})) url.searchParams.set(name, String(value));
  const answer = await fetch(url, {
    method,
    ...(method === 'POST' && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(record.request),
    }),
  });
  return {
    status: answer.status,
    contentType: answer.headers.get('content-type') ?? '',
    text: await answer.text(),
  };
}

function judge(record: ApiRecord, found: Answered): Verdict {
  const why = whatDiffers(record, found);
  if (why === undefined) return undefined;
  const fault = faultOf(record);
  return fault === undefined ? { why } : { skip: fault };
}

function whatDiffers(record: ApiRecord, found: Answered): string | undefined {
  const { status, content_type, body, validation_errors } = record.response;
  if (found.status !== status) return `found status ${found.status}, expected ${status}`;
  if (content_type !== undefined && found.contentType !== content_type) {
    return `found the type ${found.contentType}, expected ${content_type}`;
  }
  if (validation_errors !== undefined) return firstDifference(issuesOf(found), validation_errors);
  const isText = content_type?.startsWith('text/');
  return firstDifference(isText ? found.text : JSON.parse(found.text), body);
}

/** What was found wrong with the request, without the input that is sent along. */
function issuesOf({ text }: Answered): unknown {
  const { detail } = JSON.parse(text) as { detail: readonly Record<string, unknown>[] };
  return detail.map(({ type, loc, msg }) => ({ type, loc, msg }));
}

/** The fault of section 8 that a record holds, in words. */
function faultOf({ endpoint, pool, response }: ApiRecord): string | undefined {
  if (endpoint.endsWith('/simulate') && countsWords(response.body)) {
    return 'fault 15: words such as no_the_model_name are counted as members';
  }
  if (!endpoint.endsWith('/analyze') || !pool) return undefined;
  if (response.status === 500) return 'fault 15: analyze fails when all scores are 0 or nothing is tried';
  if (!isRecord(response.body) || 'error' in response.body) return undefined;
  if (pool.engine_type === 'xinference') return 'fault 15: analyze ignores the model that is asked for';
  if (pool.members.some(({ score }) => score! < 0))
    return 'fault 3: a negative score makes nonsense of shares';
  return pool.members.some((member) => isOverThreshold(pool, member))
    ? 'fault 15: analyze ignores the thresholds'
    : undefined;
}

function countsWords(body: unknown): boolean {
  const results = isRecord(body) && isRecord(body.results) ? body.results : {};
  return Object.keys(results).some((name) => !name.includes(':'));
}

function isOverThreshold(pool: PoolRecord, { metrics }: PoolRecord['members'][number]): boolean {
  const { running_req: running = 0, waiting_queue: waiting = 0 } = metrics ?? {};
  return (
    running > (pool.member_running_req_threshold ?? Number.POSITIVE_INFINITY) ||
    waiting > (pool.member_waiting_queue_threshold ?? Number.POSITIVE_INFINITY)
  );
}
