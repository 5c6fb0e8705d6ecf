/** A PostgreSQL of the harness' own, so that it can be killed; run by a user who is not root, as PostgreSQL demands. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, closeSync, mkdirSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Random, randomIndex } from '../../src/domain/index.ts';
import { endWithUs } from './own-processes.ts';
import type { Victim } from './server.ts';

const READY_WITHIN_MS = 60_000;
/** `pg_ctl stop -m immediate` is the first of the two. */
const DEATHS = ['SIGQUIT', 'SIGKILL'] as const;

export interface PostgresCluster extends Victim {
  readonly url: string;
  /** At the end; resolves when it is gone. */
  stop(): Promise<void>;
}

/** Where the programs of a PostgreSQL server lie; `undefined` where there is none. */
export function findPostgres(): string | undefined {
  const versions = '/usr/lib/postgresql';
  const debian = statSync(versions, { throwIfNoEntry: false })?.isDirectory()
    ? readdirSync(versions)
        .sort((a, b) => Number(b) - Number(a))
        .map((version) => join(versions, version, 'bin'))
    : [];
  return [...debian, ...(process.env.PATH ?? '').split(':')].find(
    (directory) =>
      directory !== '' &&
      ['initdb', 'postgres'].every((name) =>
        statSync(join(directory, name), { throwIfNoEntry: false })?.isFile(),
      ),
  );
}

export function createCluster(binaries: string, base: string, port: number, random: Random): PostgresCluster {
  const user = someoneElse();
  const directory = join(base, 'postgres');
  mkdirSync(directory);
  if (user !== undefined) chownSync(directory, user.uid, user.gid);
  const data = join(directory, 'data');
  const logFile = join(base, 'postgres.log');
  const as = { ...user, cwd: directory } as const;
  execFileSync(
    join(binaries, 'initdb'),
    ['-D', data, '-U', 'signalbox', '-A', 'trust', '-E', 'UTF8', '--no-sync'],
    {
      ...as,
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const url = `postgres://signalbox@127.0.0.1:${port}/postgres`;
  let child: ChildProcess | undefined;

  function start(): void {
    const log = openSync(logFile, 'a');
    const settings = [
      `port=${port}`,
      'listen_addresses=127.0.0.1',
      `unix_socket_directories=${directory}`,
      'shared_buffers=32MB',
    ];
    const started = spawn(
      join(binaries, 'postgres'),
      ['-D', data, ...settings.flatMap((each) => ['-c', each])],
      {
        ...as,
        stdio: ['ignore', log, log],
      },
    );
    closeSync(log);
    endWithUs(started, 'SIGQUIT');
    child = started;
    started.once('exit', () => {
      if (child === started) child = undefined;
    });
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const dying = child;
    if (dying === undefined) return;
    const ended = once(dying, 'exit');
    dying.kill(signal);
    await ended;
  }

  return {
    name: 'PostgreSQL',
    url,
    start,
    get isRunning() {
      return child !== undefined;
    },
    async ready() {
      const endMs = performance.now() + READY_WITHIN_MS;
      for (;;) {
        if (await answers(url)) return;
        if (performance.now() > endMs) {
          throw new Error(`PostgreSQL does not answer:\n${await readFile(logFile, 'utf8')}`);
        }
        await sleep(50);
        // It does not start as long as processes of the one that was killed are still on their way out.
        if (child === undefined) start();
      }
    },
    kill: () => end(DEATHS[randomIndex(random, DEATHS.length)]!),
    stop: () => end('SIGQUIT'),
  };
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Root has to become somebody else; anybody else stays who they are. */
function someoneElse(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  const line = ['postgres', 'nobody']
    .map((name) => lines.find((one) => one.startsWith(`${name}:`)))
    .find(Boolean);
  const [, , uid, gid] = (line ?? '').split(':');
  if (uid === undefined || gid === undefined)
    throw new Error('PostgreSQL does not run as root, and there is no user postgres or nobody');
  return { uid: Number(uid), gid: Number(gid) };
}
