/** Debian's HAProxy with the example's configuration, started by a test. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram, missingProgram } from '../../../bench/gateway/machine/find-program.ts';
import { freePort } from '../../../bench/gateway/machine/free-port.ts';
import { copyExample, type Substitutions } from './example.ts';
import { type LogEntry, parseLogLine } from './log.ts';

/** Why HAProxy cannot be tested with here. */
export function haproxyIsMissing(): string | undefined {
  const missing = missingProgram('haproxy');
  if (missing !== undefined) return missing;
  const about = execFileSync(findProgram('haproxy')!, ['-vv'], { encoding: 'utf8' });
  return about.includes('USE_LUA=1') || about.includes('+LUA') ? undefined : 'this HAProxy has no Lua';
}

export interface HaproxyOptions {
  /** Where Signalbox is, or will be. */
  readonly signalboxPort: number;
  /** `http://ip:port` of three engines, called `engine-1`, … */
  readonly engineUrls: readonly string[];
  /** More changes to the example's configuration. */
  readonly substitutions?: Substitutions;
  /** How long a question may take; as in the example by default. */
  readonly patienceSeconds?: number;
  /**
   * 1 by default: HAProxy's threads take turns at writing its log, and one that gets no turn drops its line rather than
   * wait (`fd_write_frag_line` in its `src/fd.c`; `show info` counts them as DroppedLogs). And each has a memory of its own
   * of whether Signalbox answers.
   */
  readonly threads?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Haproxy {
  readonly url: string;
  /** One entry for each request that is over, in the order in which they ended. */
  readonly log: readonly LogEntry[];
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 10_000;

export async function startHaproxy(options: HaproxyOptions): Promise<Haproxy> {
  const port = await freePort();
  const { folder, remove } = copyExample(substitutionsOf(options, port), patienceOf(options));
  const child = spawn(findProgram('haproxy')!, ['-db', '-C', folder, '-f', 'haproxy.cfg'], {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: LogEntry[] = [];
  const other: string[] = [];
  const take = (line: string) => {
    const entry = parseLogLine(line);
    if (entry === undefined) other.push(line);
    else log.push(entry);
  };
  eachLine(child.stdout, take);
  eachLine(child.stderr, take);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    remove();
  };
  if (!(await opens(port, child))) {
    await stop();
    throw new Error(`HAProxy did not start: ${other.join('\n')}`);
  }
  return { url: `http://127.0.0.1:${port}`, log, stop };
}

function substitutionsOf(options: HaproxyOptions, port: number): Substitutions {
  const { signalboxPort, engineUrls, substitutions = {}, threads = 1 } = options;
  const engines = engineUrls.map((url, index) => [`127.0.0.1:${8001 + index}`, new URL(url).host] as const);
  return {
    'bind 127.0.0.1:8000': `bind 127.0.0.1:${port}`,
    '127.0.0.1:8082': `127.0.0.1:${signalboxPort}`,
    'log stdout format raw local0 info': `log stdout format raw local0 info\n  nbthread ${threads}`,
    ...Object.fromEntries(engines),
    ...substitutions,
  };
}

function patienceOf({ patienceSeconds }: HaproxyOptions): Substitutions {
  if (patienceSeconds === undefined) return {};
  return { 'local TIMEOUT_SECONDS = 0.2': `local TIMEOUT_SECONDS = ${patienceSeconds}` };
}

function eachLine(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    lines.forEach(take);
  });
}

async function opens(port: number, child: ChildProcess): Promise<boolean> {
  const giveUpAtMs = performance.now() + READY_WITHIN_MS;
  while (child.exitCode === null && performance.now() < giveUpAtMs) {
    if (await accepts(port)) return true;
    await sleep(20);
  }
  return false;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
