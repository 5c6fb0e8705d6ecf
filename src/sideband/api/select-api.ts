/** The calls of the select API, without a server: a request in, an answer out. */

import type { Clock, Random } from '../../domain/index.ts';
import type { Freshness } from '../pools/pool.ts';
import type { PoolTable } from '../pools/pool-table.ts';
import { SelectDecisionLog } from '../select/decision-log.ts';
import { type SelectConditions, select } from '../select/select.ts';
import { analyze } from './analyze.ts';
import { type ApiAnswer, detail, json, text } from './answer.ts';
import { describePool } from './pool-details.ts';
import { poolLines, poolStatus } from './pool-status.ts';
import { countByMember, rounds } from './simulate.ts';
import { readIterations, readSelectBody } from './validation.ts';

export interface SelectApiParts {
  readonly pools: Pick<PoolTable, 'get' | 'all'>;
  readonly clock: Clock;
  readonly random: Random;
  /** Asked at each call, so that it can change with the configuration. */
  readonly freshness: () => Freshness;
  readonly decisions?: SelectDecisionLog;
  /** What `/api_key_health` says. */
  readonly keyHealth?: () => unknown;
}

export interface PoolPath {
  readonly pool: string;
  readonly partition: string;
}

export interface SelectCall {
  readonly body: string;
  /** Whether the answer is to carry its reason in a header. */
  readonly wantsReason?: boolean;
}

const EMPTY_FIELDS = ['pool_name', 'partition', 'members'] as const;
const DEFAULT_SIMULATED = 100;
const DEFAULT_ANALYZED = 1_000;
const DEFAULT_DECISIONS = 50;
const MAX_DECISIONS = 1_000;
/** Load balancers read 1,000 bytes of headers and body together. */
const MAX_REASON_LENGTH = 300;

export type SelectApi = ReturnType<typeof createSelectApi>;

export function createSelectApi(parts: SelectApiParts) {
  const { pools, clock, random, freshness } = parts;
  const decisions = parts.decisions ?? new SelectDecisionLog();
  const conditions = (): SelectConditions => ({
    ...freshness(),
    nowMs: clock.now(),
    draw: () => random.next(),
  });

  return {
    /** Bare text: a member, or a word for why there is none. */
    select({ body, wantsReason = false }: SelectCall): ApiAnswer {
      const read = readSelectBody(body);
      if (!read.ok) return detail(422, read.issues);
      const request = read.value;
      const fields = [request.poolName, request.partition, request.members];
      const empty = EMPTY_FIELDS.find((_, i) => fields[i]!.length === 0);
      if (empty !== undefined) return detail(400, `${empty} cannot be empty`);
      const now = conditions();
      const selection = select(pools.get(request.poolName, request.partition), request, now);
      const id = decisions.add(request, selection, now.nowMs);
      const answer = text(selection.answer);
      if (!wantsReason) return answer;
      const reason = printable(selection.reason).slice(0, MAX_REASON_LENGTH);
      return { ...answer, headers: { 'x-signalbox-decision': id, 'x-signalbox-reason': reason } };
    },

    poolStatus({ pool: name, partition }: PoolPath, query: URLSearchParams): ApiAnswer {
      const pool = pools.get(name, partition);
      if (pool === undefined) return detail(404, `Pool ${name}:${partition} does not exist`);
      const nowMs = clock.now();
      if (query.has('simple')) return text(poolLines(pool, nowMs, freshness()));
      return json(poolStatus(pool, nowMs, freshness()));
    },

    allStatus(): ApiAnswer {
      const nowMs = clock.now();
      return json({ pools: pools.all().map((pool) => poolStatus(pool, nowMs, freshness())) });
    },

    simulate({ pool: name, partition }: PoolPath, query: URLSearchParams, body: string): ApiAnswer {
      const iterations = readIterations(query, DEFAULT_SIMULATED);
      const request = readSelectBody(body);
      if (!iterations.ok || !request.ok) return detail(422, issuesOf(iterations, request));
      const pool = pools.get(name, partition);
      const chosen = pool === undefined ? [] : rounds(pool, request.value, iterations.value, conditions());
      return json({ results: Object.fromEntries(countByMember(chosen)), iterations: iterations.value });
    },

    analyze({ pool: name, partition }: PoolPath, query: URLSearchParams, body: string): ApiAnswer {
      const iterations = readIterations(query, DEFAULT_ANALYZED);
      const request = readSelectBody(body);
      if (!iterations.ok || !request.ok) return detail(422, issuesOf(iterations, request));
      const pool = pools.get(name, partition);
      if (pool === undefined) return json({ error: `Pool not found: ${name}:${partition}` });
      return json(analyze(pool, request.value, iterations.value, conditions()));
    },

    health(): ApiAnswer {
      return json({ status: 'healthy', message: 'Scheduler running normally' });
    },

    keyHealth(): ApiAnswer {
      const disabled = { status: 'disabled', message: 'No pool synchronises API keys' };
      return json(parts.keyHealth?.() ?? disabled);
    },

    /** Ours: where each pool's members come from, how old everything is, and why a member is not chosen. */
    poolDetails(): ApiAnswer {
      const nowMs = clock.now();
      return json({ pools: pools.all().map((pool) => describePool(pool, nowMs, freshness())) });
    },

    /** Ours: the last choices, the newest first. */
    decisions(query: URLSearchParams): ApiAnswer {
      const limit = Number(query.get('limit') ?? DEFAULT_DECISIONS);
      if (!Number.isInteger(limit) || limit < 1 || limit > MAX_DECISIONS) {
        return detail(422, `limit: found ${query.get('limit')}, allowed is 1 to ${MAX_DECISIONS}`);
      }
      return json({ decisions: decisions.latest(limit) });
    },

    /** Ours: one choice with its candidates. */
    decision(id: string): ApiAnswer {
      const found = decisions.find(id);
      return found === undefined ? detail(404, `Decision ${id} is not known (any more)`) : json(found);
    },
  };
}

function issuesOf(...parts: readonly { readonly ok: boolean }[]): readonly unknown[] {
  return parts.flatMap((part) => ('issues' in part ? (part.issues as readonly unknown[]) : []));
}

/** Header values are ASCII; a pool's name or a model's may be anything. */
function printable(reason: string): string {
  return reason.replace(/[^\x20-\x7e]/g, '?');
}
