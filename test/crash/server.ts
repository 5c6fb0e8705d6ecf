/** One `signalbox up` that is killed and started again under the same address. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Random, randomIndex } from '../../src/domain/index.ts';
import { endWithUs } from './own-processes.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const READY_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 25;

/** Something that can be killed, and lives again. */
export interface Victim {
  readonly name: string;
  readonly isRunning: boolean;
  start(): void;
  /** Resolves once it does its work. */
  ready(): Promise<void>;
  /** Resolves once it is dead. */
  kill(): Promise<void>;
}

export interface Server extends Victim {
  readonly url: string;
  /** While it lives. */
  readonly pid: number | undefined;
  /** How often it ended though nobody killed it. */
  readonly ownEnds: number;
}

export interface ServerOptions {
  readonly name: string;
  readonly directory: string;
  readonly port: number;
  /** Sections of the configuration file. */
  readonly config: Readonly<Record<string, unknown>>;
}

export async function createServerVictim({ name, directory, port, config }: ServerOptions): Promise<Server> {
  const file = join(directory, `${name}.yaml`);
  const logFile = join(directory, `${name}.log`);
  // JSON is YAML.
  await writeFile(file, JSON.stringify(config));
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  let isKilled = false;
  let ownEnds = 0;

  function start(): void {
    const log = openSync(logFile, 'a');
    const started = spawn(
      process.execPath,
      [MAIN, 'up', '-c', file, '--port', '0', '--control-port', String(port)],
      { stdio: ['ignore', log, log], env: environment(), cwd: directory },
    );
    closeSync(log);
    endWithUs(started, 'SIGKILL');
    child = started;
    isKilled = false;
    started.once('exit', () => {
      if (child !== started) return;
      child = undefined;
      if (!isKilled) ownEnds++;
    });
  }

  return {
    name,
    url,
    start,
    get isRunning() {
      return child !== undefined;
    },
    get pid() {
      return child?.pid;
    },
    get ownEnds() {
      return ownEnds;
    },
    async ready() {
      const endMs = performance.now() + READY_WITHIN_MS;
      while (performance.now() < endMs) {
        const answer = await fetch(`${url}/queue/info`, { signal: AbortSignal.timeout(5_000) }).catch(
          () => undefined,
        );
        const isServing = answer?.ok === true;
        await answer?.body?.cancel();
        if (isServing) return;
        if (child === undefined)
          throw new Error(`${name} ended by itself:\n${await readFile(logFile, 'utf8')}`);
        await sleep(LOOK_EVERY_MS);
      }
      throw new Error(`${name} does not answer at ${url}:\n${await readFile(logFile, 'utf8')}`);
    },
    async kill() {
      const dying = child;
      if (dying === undefined) return;
      isKilled = true;
      const ended = once(dying, 'exit');
      dying.kill('SIGKILL');
      await ended;
    },
  };
}

/** Below the range from which connections get their ports, so that none takes it while the server is dead. */
export async function freePort(random: Random): Promise<number> {
  for (;;) {
    const port = 20_000 + randomIndex(random, 10_000);
    const probe = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}

/** Options of a test runner's own processes are not meant for the server. */
function environment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...rest } = process.env;
  return Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith('VITEST')));
}
