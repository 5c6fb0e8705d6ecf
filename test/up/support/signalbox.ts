/** Runs the command `signalbox` as a process of its own, as a user does. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
/** Where Node keeps what it compiled: half of what a start costs is compiling the same files again. */
const COMPILED = fileURLToPath(new URL('../../../node_modules/.cache/signalbox-tests', import.meta.url));

export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Options for node itself. */
  readonly node?: readonly string[];
  /** What it reads; nothing by default. */
  readonly stdin?: string;
}

export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SignalboxProcess {
  readonly pid: number;
  /** Everything written so far. */
  stdout(): string;
  stderr(): string;
  readonly hasEnded: boolean;
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
}

/** Runs a command that ends by itself. */
export function runSignalbox(args: readonly string[], surroundings?: Surroundings): Promise<Ended> {
  return spawnSignalbox(args, surroundings).ended;
}

export function spawnSignalbox(
  args: readonly string[],
  { env, cwd, node = [], stdin }: Surroundings = {},
): SignalboxProcess {
  const child = spawn(process.execPath, [...node, MAIN, ...args], {
    env: { ...withoutTestRunner(process.env), NODE_COMPILE_CACHE: COMPILED, ...env },
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(cwd !== undefined && { cwd }),
  });
  child.stdin?.end(stdin);
  const stdout = textOf(child.stdout!);
  const stderr = textOf(child.stderr!);
  return {
    pid: child.pid!,
    stdout,
    stderr,
    get hasEnded() {
      return child.exitCode !== null || child.signalCode !== null;
    },
    ended: endOf(child).then(([exitCode, signal]) => ({
      exitCode,
      signal,
      stdout: stdout(),
      stderr: stderr(),
    })),
    kill: (signal) => void child.kill(signal),
  };
}

async function endOf(child: ChildProcess): Promise<[number | null, NodeJS.Signals | null]> {
  return (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
}

function textOf(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (piece: string) => {
    text += piece;
  });
  return () => text;
}

/** Options for the runner's own processes are not meant for this one. */
function withoutTestRunner(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...rest } = env;
  return Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith('VITEST')));
}
