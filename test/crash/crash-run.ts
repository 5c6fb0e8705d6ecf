/** One run of the harness: workers, servers, clients, deaths; then everything is waited for and accounted for. */

import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TaskClient } from '../../src/client/index.ts';
import { randomIndex, seededRandom } from '../../src/domain/index.ts';
import { type Account, accountFor } from './accounting.ts';
import { wreakHavoc } from './chaos.ts';
import { createCluster, findPostgres, type PostgresCluster } from './postgres-cluster.ts';
import { createServerVictim, freePort, type Server } from './server.ts';
import { ENGINE_MODEL, HOSTED_MODEL, submitForEver } from './submitters.ts';
import { Witness } from './witness.ts';
import { startEngineWorker, startHostedWorker, type Worker } from './workers.ts';

export interface CrashOptions {
  readonly store: 'embedded' | 'postgres';
  readonly seconds: number;
  readonly seed: number;
  readonly clients?: number;
  /** A task that is to be seen running twice has to outlive the death and the restart of a server. */
  readonly longestTaskMs?: number;
  /** Told of what happens, a line at a time. */
  readonly onNews?: (line: string) => void;
}

export interface CrashReport extends Account {
  readonly rounds: number;
  readonly runs: number;
  /** Servers that ended though nobody killed them. */
  readonly ownEnds: number;
  /** Kept when something is wrong: logs, configuration, what was stored. */
  readonly directory: string | undefined;
}

/** Clients wait while more than this is acknowledged and not done, so that the end can be waited for. */
const LONGEST_QUEUE = 400;
/** Without an end of any task for so long, what is left counts as lost. */
const PATIENCE_MS = 60_000;

/**
 * A server that dies between noting where a task goes and sending it leaves a task that nobody runs: it is tried again when its time is
 * over, which has to be far beyond what a task takes, or one that is only slow would run twice.
 */
const SPARE_MS = 8_000;
const TASKS = {
  maxRetries: 1_000,
  retryBaseMs: 20,
  retryMaxMs: 500,
  heartbeatMs: 1_500,
  instanceCheckIntervalMs: 500,
};

export async function runCrash({
  store,
  seconds,
  seed,
  clients = 8,
  longestTaskMs = 8_000,
  onNews = () => undefined,
}: CrashOptions): Promise<CrashReport> {
  const random = seededRandom(seed);
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-crash-'));
  // The PostgreSQL in it is another user's.
  await chmod(directory, 0o755);
  const cleanups: (() => Promise<unknown>)[] = [];
  let report: CrashReport | undefined;
  try {
    report = await run();
    return report;
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
    if (report !== undefined && isGood(report)) await rm(directory, { recursive: true, force: true });
    else onNews(`logs and stores are kept in ${directory}`);
  }

  async function run(): Promise<CrashReport> {
    const witness = new Witness();
    const urls: string[] = [];
    const surroundings = {
      witness,
      random,
      longestMs: longestTaskMs,
      reportTo: () => urls[randomIndex(random, urls.length)]!,
    };
    const hosted = await startAll(2, () => startHostedWorker(HOSTED_MODEL, surroundings));
    const engines = await startAll(2, () => startEngineWorker(ENGINE_MODEL, surroundings));
    const postgres = store === 'postgres' ? await startPostgres() : undefined;
    const servers = await startServers(postgres, engines);
    urls.push(...servers.map(({ url }) => url));
    await Promise.all(servers.map((server) => server.ready()));
    for (const { host, port } of hosted) await register(servers[0]!.url, host, port);

    const acknowledged = new Set<string>();
    const shown = new Map<string, string>();
    const stop = new AbortController();
    cleanups.push(async () => stop.abort());
    const submitting = Array.from({ length: clients }, () =>
      submitForEver({
        ...{ urls, random, acknowledged, shown, signal: stop.signal },
        isLongEnough: () => acknowledged.size - witness.tasksDone > LONGEST_QUEUE,
      }),
    );
    const rounds = await Promise.race([
      wreakHavoc({
        // PostgreSQL dies as often as both servers together: it takes everything with it.
        victims: postgres === undefined ? servers : [...servers, postgres, postgres],
        random,
        seconds,
        onKilled: ({ name }, afterMs) =>
          onNews(
            `killed ${name} after ${Math.round(afterMs)} ms: ${acknowledged.size} acknowledged, ${witness.tasksDone} done`,
          ),
      }),
      // Only a client that met what it should not ends before it is told to.
      Promise.all(submitting).then(() => Promise.reject(new Error('the clients ended too early'))),
    ]);
    stop.abort();
    await Promise.all(submitting);
    await untilDone(servers[0]!.url, witness, onNews);
    const account = await accountFor({
      acknowledged,
      stored: new TaskClient({ baseUrl: servers[0]!.url }).list(),
      witness,
      shown,
    });
    const ownEnds = servers.reduce((sum, server) => sum + server.ownEnds, 0);
    return { ...account, rounds, runs: witness.runs, ownEnds, directory };
  }

  async function startAll(count: number, start: () => Promise<Worker>): Promise<readonly Worker[]> {
    const workers: Worker[] = [];
    for (let index = 0; index < count; index++) {
      const worker = await start();
      workers.push(worker);
      cleanups.push(() => worker.close());
    }
    return workers;
  }

  async function startPostgres(): Promise<PostgresCluster> {
    const binaries = findPostgres();
    if (binaries === undefined) throw new Error('no PostgreSQL server is installed here (initdb, postgres)');
    const cluster = createCluster(binaries, directory, await freePort(random), random);
    cleanups.push(() => cluster.stop());
    cluster.start();
    await cluster.ready();
    return cluster;
  }

  async function startServers(
    postgres: PostgresCluster | undefined,
    engines: readonly Worker[],
  ): Promise<readonly Server[]> {
    const servers: Server[] = [];
    for (const name of postgres === undefined ? ['server'] : ['server-a', 'server-b']) {
      const server = await createServerVictim({
        name,
        directory,
        port: await freePort(random),
        config: configOf(engines, {
          store: postgres === undefined ? { directory: 'store' } : { url: postgres.url },
          timeoutMs: longestTaskMs + SPARE_MS,
        }),
      });
      servers.push(server);
      cleanups.push(() => server.kill());
      server.start();
    }
    return servers;
  }
}

export function isGood({ lost, doubled, ownEnds }: CrashReport): boolean {
  return lost.size === 0 && doubled.size === 0 && ownEnds === 0;
}

function configOf(
  engines: readonly Worker[],
  tasks: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return {
    instances: engines.map(({ url }, index) => ({
      ...{ id: `engine-${index}`, url, engine: 'vllm', models: [ENGINE_MODEL], maxConcurrency: 16 },
    })),
    logging: { level: 'warn' },
    tasks: { ...TASKS, ...tasks },
  };
}

async function register(url: string, host: string, port: number): Promise<void> {
  const response = await fetch(`${url}/ti/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ host, port }),
  });
  const answer = (await response.json()) as { readonly status?: string };
  if (answer.status !== 'success') throw new Error(`a worker was not registered: ${JSON.stringify(answer)}`);
}

/** Until nothing waits or runs, or nothing has moved for long. */
async function untilDone(baseUrl: string, witness: Witness, onNews: (line: string) => void): Promise<void> {
  const client = new TaskClient({ baseUrl });
  let movedMs = performance.now();
  let seen = '';
  for (;;) {
    const left: string[] = [];
    for (const state of ['queued', 'scheduled'] as const) {
      for await (const task of client.list({ state }, { pageSize: 1 })) {
        left.push(`${state} ${task.id}`);
        break;
      }
    }
    if (left.length === 0 && witness.running === 0) return;
    const state = `${left.join()} ${witness.runs} ${witness.tasksDone}`;
    if (state !== seen) movedMs = performance.now();
    seen = state;
    if (performance.now() - movedMs > PATIENCE_MS) {
      onNews(`nothing has moved for ${PATIENCE_MS} ms: ${left.join(', ')}`);
      return;
    }
    await sleep(100);
  }
}
