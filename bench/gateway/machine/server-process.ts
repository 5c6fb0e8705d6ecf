/** A server that runs as a process of its own until it is told to end. */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pinned } from './pinning.ts';
import { processTree } from './proc-stat.ts';

export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly core: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Where its output goes: `stdout.log` and `stderr.log` in there. */
  readonly directory: string;
  /** Is it there and ready for requests? Asked again and again. */
  readonly isReady: () => Promise<boolean>;
}

export interface ServerProcess {
  readonly pid: number;
  /** It and its children. */
  pids(): readonly number[];
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 5_000;

const running = new Set<ServerProcess>();
let isOver = false;

/** Starts it and waits until it is ready. */
export async function startServer(options: ServerCommand): Promise<ServerProcess> {
  if (isOver) throw new Error('all servers were stopped');
  const child = launch(options);
  const server = asServerProcess(child);
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  while (!(await options.isReady().catch(() => false))) {
    const isOver = hasEnded(child);
    if (isOver || performance.now() > deadlineMs) {
      await server.stop();
      const what = isOver ? `ended with status ${child.exitCode}` : `was not ready in ${START_TIMEOUT_MS} ms`;
      throw new Error(`${options.command} ${what}: ${lastWords(options.directory)}`);
    }
    await sleep(50);
  }
  return server;
}

/** Ends whatever still runs; no more can be started. */
export async function stopAllServers(): Promise<void> {
  isOver = true;
  await Promise.all([...running].map((server) => server.stop()));
}

function launch({ command, args, core, env, directory }: ServerCommand): ChildProcess {
  // Appending, so that a log that is emptied in between begins at its beginning again.
  const outputs = ['stdout.log', 'stderr.log'].map((name) => openSync(join(directory, name), 'a'));
  const [program, words] = pinned(core, command, args);
  const child = spawn(program, words, {
    cwd: directory,
    env: { ...process.env, ...env },
    stdio: ['ignore', ...outputs],
  });
  for (const output of outputs) closeSync(output);
  child.on('error', () => {});
  return child;
}

function asServerProcess(child: ChildProcess): ServerProcess {
  const server = {
    pid: child.pid ?? -1,
    pids: () => processTree(child.pid!),
    async stop() {
      running.delete(server);
      if (hasEnded(child)) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      const kill = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      child.kill('SIGTERM');
      await ended;
      clearTimeout(kill);
    },
  };
  running.add(server);
  return server;
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

function lastWords(directory: string): string {
  const said = ['stdout.log', 'stderr.log']
    .map((name) => readFileSync(join(directory, name), 'utf8'))
    .join('');
  return said.trim() === '' ? 'it said nothing' : said.trim().slice(-1_000);
}
