/** Runs `f5-icontrol.jsonl`: calls to the appliance, what its failures mean, and fetching members' figures. */

import { isDeepStrictEqual } from 'node:util';
import { failureOfStatus } from '../../../src/discovery/f5/icontrol/appliance-error.ts';
import {
  ApplianceError,
  createIControlClient,
  createMemberClient,
  type IControlClient,
  meansPoolIsGone,
  type PoolSection,
  parseSchedulerFile,
  toF5Settings,
} from '../../../src/discovery/f5/index.ts';
import { ManualClock } from '../../../src/domain/index.ts';
import type { PageClient } from '../../../src/engines/index.ts';
import type { F5Metrics } from '../../../src/routing/index.ts';
import { listMembers, type RoundParts, readFigures } from '../../../src/sideband/f5/rounds.ts';
import { type MemberAddress, memberName, Pool, PoolTable } from '../../../src/sideband/index.ts';
import { startScriptedAppliance } from '../../f5/scripted-appliance.ts';
import { firstDifference, runAll, type VectorOutcome, type Verdict } from './outcome.ts';

interface RecordedCall {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly json: unknown;
  readonly basic_auth: readonly [string, string] | null;
  readonly timeout_s: number;
  readonly answer: { readonly status: number; readonly body: unknown } | { readonly raises: string };
}

interface Step {
  readonly op: readonly [string, ...unknown[]];
  readonly result: {
    readonly ok?: unknown;
    readonly error?: { readonly message: string };
    readonly failure_class?: string;
    readonly counts_towards_removal?: boolean;
  };
  readonly calls: readonly RecordedCall[];
  readonly token_after: { readonly name: string; readonly expires_in_s: number } | null;
}

interface MemberAfter {
  readonly m: string;
  readonly score: number;
  readonly metrics: F5Metrics;
  readonly model_metrics: Readonly<Record<string, number>>;
  readonly detected_variant?: string | null;
}

type IControlRecord = { readonly id: string } & (
  | { readonly kind: 'trace'; readonly steps: readonly Step[] }
  | {
      readonly kind: 'failure_class';
      readonly error: { readonly type: string; readonly message: string };
      readonly failure_class: string;
      readonly counts_towards_removal: boolean;
    }
  | { readonly kind: 'fetch_failures'; readonly steps: readonly FetchStep[] }
  | {
      readonly kind: 'member_update';
      readonly before: readonly string[];
      readonly new: readonly string[];
      readonly stats: unknown;
      readonly after: readonly MemberAfter[];
    }
  | {
      readonly kind: 'metrics_fetch';
      readonly engine_type: PoolSection['engine'];
      readonly args: FetchArguments;
      readonly calls: readonly RecordedCall[];
      readonly after: readonly MemberAfter[];
    }
);

type Of<Kind> = Extract<IControlRecord, { readonly kind: Kind }>;

export function runIControl(lines: readonly string[]): Promise<VectorOutcome> {
  return runAll<IControlRecord>(lines, (record) => {
    switch (record.kind) {
      case 'trace':
        return judgeTrace(record);
      case 'failure_class':
        return judgeFailure(record);
      case 'fetch_failures':
        return judgeFailures(record);
      case 'member_update':
        return judgeUpdate(record);
      case 'metrics_fetch':
        return judgeFetch(record);
      default:
        return record satisfies never;
    }
  });
}

const START_MS = 1_000_000;

/** What is asked of the appliance here; the existing scheduler's data group client can do more, which nothing uses. */
const OPERATIONS: ReadonlySet<string> = new Set(['members', 'advance', 'dg_sync']);

async function judgeTrace({ steps }: Of<'trace'>): Promise<Verdict> {
  const other = steps.find(({ op }) => !OPERATIONS.has(op[0]));
  if (other !== undefined) return { skip: `nothing here asks the appliance for ${other.op[0]}` };
  const appliance = await startScriptedAppliance();
  const clock = new ManualClock(START_MS);
  const client = createIControlClient({ ...appliance, username: 'admin', password: 'pw', clock });
  try {
    let fault: string | undefined;
    for (const [i, step] of steps.entries()) {
      appliance.asked.length = 0;
      for (const { answer } of step.calls) appliance.answers.push('raises' in answer ? 'hang-up' : answer);
      const found = await perform(client, clock, step);
      const calls = step.calls.map(wantedCall);
      const difference =
        firstDifference([...appliance.asked], calls) ??
        firstDifference(tokenOf(client, clock), step.token_after, 1e-9);
      if (difference !== undefined) return { why: `step ${i + 1}: ${difference}` };
      const verdict = judgeResult(step, found);
      if (verdict !== undefined && 'why' in verdict) return { why: `step ${i + 1}: ${verdict.why}` };
      fault ??= verdict?.skip;
    }
    return fault === undefined ? undefined : { skip: fault };
  } finally {
    appliance.answers.push({ status: 200, body: {} });
    await client.close();
    await appliance.close();
  }
}

type Found = { readonly ok: unknown } | { readonly error: unknown };

async function perform(client: IControlClient, clock: ManualClock, { op }: Step): Promise<Found> {
  const [name, ...args] = op;
  try {
    if (name === 'advance') {
      clock.advance((args[0] as number) * 1_000);
      return { ok: null };
    }
    if (name === 'members') {
      const [pool, partition] = args as [string, string];
      const members = await client.members({ name: pool, partition });
      return { ok: members.map((member) => [memberName(member), partition]) };
    }
    const [group, records, partition = 'Common'] = args as [string, Record<string, string>, string?];
    return { ok: await write(client, { name: group, partition }, records) };
  } catch (error) {
    return { error };
  }
}

/** The records tell that a data group was not written, and not why. */
async function write(
  client: IControlClient,
  group: Parameters<IControlClient['writeDataGroup']>[0],
  records: Readonly<Record<string, string>>,
): Promise<boolean> {
  try {
    await client.writeDataGroup(group, new Map(Object.entries(records)));
    return true;
  } catch (error) {
    if (error instanceof ApplianceError) return false;
    throw error;
  }
}

function wantedCall({ method, url, headers, json }: RecordedCall) {
  return {
    method,
    path: new URL(url).pathname.replace(/^\/mgmt/, ''),
    token: headers['X-F5-Auth-Token'],
    contentType: headers['Content-Type']?.toLowerCase(),
    json,
  };
}

function tokenOf({ token }: IControlClient, clock: ManualClock): Step['token_after'] {
  if (token === undefined) return null;
  return { name: token.name, expires_in_s: (token.expiresAtMs - clock.now()) / 1_000 };
}

function judgeResult({ op, result, calls }: Step, found: Found): Verdict {
  const isCreated = calls.some(({ answer }) => 'status' in answer && answer.status === 201);
  if (op[0] === 'dg_sync' && isCreated && result.ok === false) {
    const isDone = 'ok' in found && found.ok === true;
    return isDone ? { skip: 'fault 17: 201 counts as failure' } : { why: 'found it not written' };
  }
  if (result.error === undefined)
    return wrong(firstDifference('ok' in found ? found.ok : String(found.error), result.ok));
  if ('ok' in found) return { why: `found no error, expected ${result.error.message}` };
  const counts = meansPoolIsGone(found.error);
  if (counts !== result.counts_towards_removal) {
    return counts ? { why: 'found a pool that is gone' } : { skip: OUTAGE };
  }
  const difference = firstDifference(classOf(found.error), result.failure_class);
  const isSilent = calls.some(({ answer }) => 'raises' in answer);
  return difference !== undefined && isSilent ? { skip: TEXT_SEARCH } : wrong(difference);
}

const TEXT_SEARCH = "fault 13: a number in an error's text, such as a port, is taken for a status";
const OUTAGE = 'fault 13: an outage of the appliance counts towards removing the pool';

/** The existing scheduler's words for what we tell apart. */
const CLASSES: Readonly<Record<ApplianceError['failure'], string>> = {
  missing: 'Pool does not exist (404)',
  refused: 'Authentication failed',
  failing: 'F5 server error',
  timeout: 'Network timeout',
  unreachable: 'F5 API error',
  unreadable: 'F5 API error',
};

function classOf(error: unknown): string {
  return error instanceof ApplianceError ? CLASSES[error.failure] : String(error);
}

/** These records tell only the text of an error; the first status in it stands for the answer that we would have seen. */
function judgeFailure({
  error: { message },
  failure_class,
  counts_towards_removal,
}: Of<'failure_class'>): Verdict {
  const statuses = (message.match(/\b\d{3}\b/g) ?? []).map(Number);
  const status = STATUSES.find((one) => statuses.includes(one)) ?? statuses[0] ?? 0;
  const silent = /timeout/i.test(message) ? 'timeout' : 'unreachable';
  const error = new ApplianceError(status === 0 ? silent : failureOfStatus(status), message);
  if (meansPoolIsGone(error) !== counts_towards_removal) return { skip: OUTAGE };
  const difference = firstDifference(classOf(error), failure_class);
  const isInANumber = /\d{4,}/.test(message) && statuses.length === 0;
  return difference !== undefined && isInANumber ? { skip: TEXT_SEARCH } : wrong(difference);
}

/** The order in which the existing scheduler looks for them. */
const STATUSES = [404, 401, 403, 500, 502, 503];

interface FetchStep {
  readonly answer: 'net' | 'ok' | '404' | '500';
  readonly pool: { readonly consecutive_failures: number; readonly scores: readonly number[] } | null;
}

const MEMBERS: readonly MemberAddress[] = [
  { ip: '10.0.0.1', port: 8001 },
  { ip: '10.0.0.2', port: 8002 },
];

async function judgeFailures({ steps }: Of<'fetch_failures'>): Promise<Verdict> {
  if (steps.some(({ answer }) => answer === 'net')) return { skip: OUTAGE };
  const { parts, pool, table } = partsFor({ engine: 'vllm' }, 0.7);
  for (const [i, { answer, pool: expected }] of steps.entries()) {
    const appliance = {
      members: async () => {
        if (answer === 'ok') return MEMBERS;
        throw new ApplianceError(failureOfStatus(Number(answer)), `answered ${answer}`);
      },
    };
    await listMembers({ ...parts, appliance: () => appliance });
    const left = table.get('p', 'Common');
    const found = left && {
      consecutive_failures: left.membership.consecutiveMisses,
      scores: left.members.map(({ score }) => score),
    };
    const difference = firstDifference(found ?? null, expected);
    if (difference !== undefined) return { why: `step ${i + 1} (${pool.settings.name}): ${difference}` };
  }
  return undefined;
}

function judgeUpdate({ before, new: wanted, stats, after }: Of<'member_update'>): Verdict {
  const pool = new Pool({ name: 'p', partition: 'Common', engine: 'vllm', isFallback: false });
  const addressOf = (name: string) => ({ ip: name.split(':')[0]!, port: Number(name.split(':')[1]) });
  pool.setMembers(before.map(addressOf), 0);
  for (const { m, score, metrics, model_metrics } of after) {
    const member = pool.find(m);
    if (member === undefined) continue;
    member.score = score;
    member.metrics = metrics;
    const models = Object.entries(model_metrics);
    member.models = new Map(models.map(([name, utilisation]) => [name, { utilisation, readAtMs: 0 }]));
  }
  const found = pool.setMembers(wanted.map(addressOf), 1);
  return (
    wrong(firstDifference(found, stats)) ?? wrong(firstDifference(shownMembers(pool), after.map(comparable)))
  );
}

interface FetchArguments {
  readonly port?: number | null;
  readonly schema?: string;
  readonly path?: string;
  readonly api_key?: string;
  readonly user?: string;
  readonly pwd?: string;
}

/** Members lie at addresses that only the recorded network has, so the fetching is recorded instead of done. */
async function judgeFetch({ engine_type, args, calls, after }: Of<'metrics_fetch'>): Promise<Verdict> {
  const { parts, pool, section } = partsFor({ engine: engine_type, ...args }, 0.6);
  const asked: unknown[] = [];
  const recorder: PageClient = {
    async get({ url, timeoutMs, headers = {} }) {
      asked.push({ url, timeout_s: timeoutMs / 1_000, authorization: headers.authorization ?? null });
      const call = calls.find((one) => one.url === url);
      if (call === undefined || 'raises' in call.answer) {
        return { ok: false, url, reason: 'unreachable', message: 'boom' };
      }
      const { status, body } = call.answer;
      const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
      if (status === 200) return { ok: true, url, status, body: bytes };
      return { ok: false, url, reason: 'status', message: `answered ${status}`, status };
    },
    close: async () => undefined,
  };
  const client = await createMemberClient(section, [], () => recorder);
  const { mode: _, ...unscored } = parts.settings();
  await readFigures({ ...parts, memberClient: () => client, settings: () => unscored });
  const wanted = calls.map(({ url, timeout_s, headers, basic_auth }) => ({
    url,
    timeout_s,
    authorization: basic_auth === null ? (headers.Authorization ?? null) : basicHeader(basic_auth),
  }));
  if (!isDeepStrictEqual(asked, wanted))
    return { why: firstDifference(asked, wanted) ?? 'asked for something else' };
  return wrong(firstDifference(shownMembers(pool), after.map(comparable)));
}

function basicHeader([user, password]: readonly [string, string]): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** Scores per model are computed when they are asked for and not kept; variants only where the record tells them. */
function comparable({ m, score, metrics, model_metrics }: MemberAfter) {
  return { m, score, metrics, model_metrics };
}

function shownMembers(pool: Pool) {
  return pool.members.map(({ name, score, metrics, models }) => ({
    m: name,
    score,
    metrics,
    model_metrics: Object.fromEntries([...models].map(([model, { utilisation }]) => [model, utilisation])),
  }));
}

/** A pool of two members with this score, and what its rounds need. */
function partsFor(args: FetchArguments & { readonly engine: PoolSection['engine'] }, score: number) {
  const metrics = {
    ...(args.schema !== undefined && { schema: args.schema }),
    ...(args.path !== undefined && { path: args.path }),
    ...(args.port != null && { port: args.port }),
    ...(args.api_key !== undefined && { APIkey: args.api_key }),
    ...(args.user !== undefined && { metric_user: args.user }),
    ...(args.pwd !== undefined && { metric_pwd_env: 'PASSWORD' }),
  };
  const text = JSON.stringify({
    f5: { host: 'h' },
    pools: [{ name: 'p', engine_type: args.engine, metrics }],
  });
  const { settings } = toF5Settings(parseSchedulerFile(text, { PASSWORD: args.pwd }).file);
  const [section] = settings.pools;
  const table = new PoolTable();
  const pool = table.ensure({ name: 'p', partition: 'Common', engine: args.engine, isFallback: false });
  pool.setMembers(MEMBERS, 0);
  for (const member of pool.members) member.score = score;
  const silent = () => undefined;
  const parts: RoundParts = {
    pools: table,
    settings: () => settings,
    appliance: () => undefined,
    memberClient: () => undefined,
    clock: new ManualClock(0),
    log: { debug: silent, info: silent, warn: silent, error: silent },
  };
  return { parts, pool, table, section: section! };
}

function wrong(why: string | undefined): Verdict {
  return why === undefined ? undefined : { why };
}
