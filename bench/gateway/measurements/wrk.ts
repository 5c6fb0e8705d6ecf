/** Runs wrk, the load generator for requests that are not streamed, and reads what it counted. */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Target } from '../contender.ts';
import { findProgram } from '../machine/find-program.ts';
import { LOAD_CORE, pinned } from '../machine/pinning.ts';
import { REQUEST_PATH, SMALL_REQUEST_BODY } from '../rig/answers.ts';

const SCRIPT = fileURLToPath(new URL('post.lua', import.meta.url));

export interface WrkFigures {
  readonly requests: number;
  readonly microseconds: number;
  readonly failedConnections: number;
  readonly failedStatus: number;
  readonly timeouts: number;
}

/** wrk measures whole seconds; what is asked for is rounded up. */
export async function runWrk(target: Target, connections: number, seconds: number): Promise<WrkFigures> {
  const headers = Object.entries(target.headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const duration = `${Math.max(1, Math.ceil(seconds))}s`;
  const args = ['-t', '1', '-c', String(connections), '-d', duration, '-s', SCRIPT, ...headers, target.url];
  const [command, words] = pinned(LOAD_CORE, findProgram('wrk')!, args);
  const env = { ...process.env, BENCH_PATH: REQUEST_PATH, BENCH_BODY: SMALL_REQUEST_BODY };
  const child = spawn(command, words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, complaints] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  return parseWrkOutput(output + complaints);
}

/** The last line of the output is written by `post.lua`. */
export function parseWrkOutput(output: string): WrkFigures {
  const line = output.trim().split('\n').at(-1) ?? '';
  if (!line.startsWith('{')) throw new Error(`wrk did not say what it counted: ${output.trim().slice(-300)}`);
  return JSON.parse(line) as WrkFigures;
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const part of stream.setEncoding('utf8')) text += part;
  return text;
}
