/** `signalbox up` as a process, once it serves: called, asked and told to stop as its users and operators do. */

import { afterEach, expect } from 'vitest';
import { chatCall } from '../../bad-input/support/calls.ts';
import { eventually } from '../../bad-input/support/eventually.ts';
import { type SignalboxProcess, type Surroundings, spawnSignalbox } from './signalbox.ts';

export interface Up extends SignalboxProcess {
  /** Empty where there is no data listener. */
  readonly dataUrl: string;
  readonly controlUrl: string;
  chat(body?: object, init?: RequestInit): Promise<Response>;
  /** The answer to a request of the control listener, as JSON. */
  admin<Answer>(path: string, init?: RequestInit): Promise<Answer>;
  metrics(): Promise<string>;
}

export type StartUp = (args: readonly string[], surroundings?: Surroundings) => Promise<Up>;

export const FREE_PORTS = ['--port', '0', '--control-port', '0'];

/** Starting takes a second on a machine that is free. */
const START_WITHIN_MS = 20_000;

/** To be called once at the top of a test file: what it started is stopped after each test, and must not have stumbled. */
export function openUps(): StartUp {
  const processes: SignalboxProcess[] = [];
  afterEach(async () => {
    for (const process of processes.splice(0)) {
      process.kill('SIGKILL');
      const { stdout, stderr } = await process.ended;
      expectNoStumble(stdout, stderr);
    }
  });
  return async function startUp(args, surroundings) {
    const process = spawnSignalbox(['up', ...args], surroundings);
    processes.push(process);
    await eventually(() => {
      if (!process.hasEnded) expect(process.stderr()).toMatch(/control +\S+[\s\S]*\n$/);
    }, START_WITHIN_MS);
    if (process.hasEnded) throw new Error(`signalbox up ended: ${process.stderr()}`);
    return upOf(process);
  };
}

/** Neither a stack trace nor a line that tells of an error inside. */
export function expectNoStumble(stdout: string, stderr: string): void {
  expect(stderr).not.toMatch(/^\s+at .*[:(]/m);
  expect(stderr).not.toMatch(/Unhandled|Warning:/);
  expect(stdout).not.toMatch(/"level":"fatal"|failed inside the gateway|a control request failed/);
}

function upOf(process: SignalboxProcess): Up {
  const dataUrl = addressIn(process.stderr(), /OpenAI API +(\S+)\/v1/) ?? '';
  const controlUrl = addressIn(process.stderr(), /control +(\S+)/)!;
  const ask = (path: string, init?: RequestInit) => fetch(controlUrl + path, init);
  return Object.assign(Object.create(process) as SignalboxProcess, {
    dataUrl,
    controlUrl,
    chat: (body?: object, init?: RequestInit) =>
      fetch(`${dataUrl}/v1/chat/completions`, chatCall(body, init)),
    admin: async <Answer>(path: string, init?: RequestInit) =>
      (await (await ask(path, init)).json()) as Answer,
    metrics: async () => (await ask('/metrics')).text(),
  });
}

export function addressIn(banner: string, pattern: RegExp): string | undefined {
  return pattern.exec(banner)?.[1];
}
