/** What a task instance is asked: how it is (`GET /info`), and to take a task (`POST /queue/submit`). */

import type { JsonObject } from '../task.ts';
import type { GuardedClient, GuardedOutcome } from './guarded-client.ts';

export interface TaskInstanceInfo {
  /** Absent while no model is deployed. */
  readonly model?: string;
  /** How many replicas of the model run, where it says so. */
  readonly replicas?: number;
  readonly queueLength?: number;
  readonly status: string;
}

export type InfoOutcome =
  | { readonly type: 'info'; readonly info: TaskInstanceInfo }
  /** Something answers, but does not speak this language. */
  | { readonly type: 'foreign'; readonly status: number; readonly message: string }
  | { readonly type: 'unreachable'; readonly message: string };

/** The body of a submission to a task instance. */
export interface TaskOrder {
  readonly model_name: string;
  readonly task_input: JsonObject;
  readonly metadata: JsonObject;
  readonly task_id: string;
}

export type OrderOutcome =
  | { readonly type: 'taken' }
  /** It is full: nobody is at fault. */
  | { readonly type: 'busy'; readonly retryAfterMs: number }
  /** It refused the task, and would again. */
  | { readonly type: 'rejected'; readonly message: string }
  /** It certainly does not have the task; another try may go well. */
  | { readonly type: 'failed'; readonly message: string; readonly isUnreachable: boolean }
  /** It may have the task: only a report, its loss or the time limit will tell. */
  | { readonly type: 'unknown'; readonly message: string };

const MAX_INFO_BYTES = 1024 * 1024;
const DEFAULT_BUSY_MS = 1_000;
/** Refusals that may pass: not ready, too early. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 425]);

export async function askInfo(
  client: GuardedClient,
  baseUrl: string,
  timeoutMs: number,
): Promise<InfoOutcome> {
  const url = `${baseUrl}/info`;
  const outcome = await client.call({ method: 'GET', url, timeoutMs, maxBytes: MAX_INFO_BYTES });
  if (outcome.type === 'failure') return { type: 'unreachable', message: `GET ${url}: ${outcome.message}` };
  const { status } = outcome;
  if (status !== 200) return { type: 'foreign', status, message: `GET ${url}: answered ${status}` };
  const info = infoOf(parsed(outcome.body));
  if (info === undefined)
    return { type: 'foreign', status, message: `GET ${url}: not a task instance's /info` };
  return { type: 'info', info };
}

/** `undefined` when it is not the page of a task instance; other engines have an `/info` of their own. */
function infoOf(page: unknown): TaskInstanceInfo | undefined {
  if (!isObject(page)) return undefined;
  if (!('instance_status' in page || 'deployed_model' in page || 'queue_info' in page)) return undefined;
  const { deployed_model: deployed, queue_info: queue, instance_status: status } = page;
  const model = isObject(deployed) ? deployed.model_name : deployed;
  const replicas = isObject(deployed) ? deployed.replicas : undefined;
  const queueLength = isObject(queue) ? queue.length_of_queue : undefined;
  return {
    status: typeof status === 'string' ? status : 'unknown',
    ...(typeof model === 'string' && model !== '' && { model }),
    ...(isCount(replicas) && { replicas }),
    ...(isCount(queueLength) && { queueLength }),
  };
}

export async function sendOrder(
  client: GuardedClient,
  baseUrl: string,
  order: TaskOrder,
  limits: {
    readonly timeoutMs: number;
    readonly signal?: AbortSignal;
    readonly headers?: Readonly<Record<string, string>>;
  },
): Promise<OrderOutcome> {
  const url = `${baseUrl}/queue/submit`;
  const body = JSON.stringify(order);
  return judge(url, await client.call({ method: 'POST', url, body, maxBytes: MAX_INFO_BYTES, ...limits }));
}

function judge(url: string, outcome: GuardedOutcome): OrderOutcome {
  if (outcome.type === 'failure') {
    const { reason } = outcome;
    const message = `POST ${url}: ${outcome.message}`;
    if (reason === 'refused' || reason === 'unconnected')
      return { type: 'failed', message, isUnreachable: true };
    return { type: 'unknown', message };
  }
  const { status, headers } = outcome;
  if (status >= 200 && status < 300) return { type: 'taken' };
  const message = `POST ${url}: answered ${status}${excerptOf(outcome.body)}`;
  if (status === 429) return { type: 'busy', retryAfterMs: retryAfterMsOf(headers) ?? DEFAULT_BUSY_MS };
  if (status < 500 && status >= 400 && !PASSING_STATUSES.has(status)) return { type: 'rejected', message };
  return { type: 'failed', message, isUnreachable: false };
}

/** `Retry-After` in seconds or as a date; `undefined` when there is none. */
export function retryAfterMsOf(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  nowMs = Date.now(),
): number | undefined {
  const text = [headers['retry-after']].flat()[0];
  if (text === undefined) return undefined;
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(text) - nowMs;
  return Number.isFinite(ms) ? Math.min(MAX_RETRY_AFTER_MS, Math.max(0, ms)) : undefined;
}

const MAX_RETRY_AFTER_MS = 10 * 60_000;

/** The beginning of an error's body, for its message. */
export function excerptOf(body: Buffer): string {
  const text = body.toString('utf8', 0, 2_048).replaceAll(/\s+/g, ' ').trim();
  return text === '' ? '' : `: ${text.slice(0, 500)}`;
}

export function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}
