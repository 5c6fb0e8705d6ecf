/** The whole of `signalbox up` in this process with task instances that work for it, over HTTP in both directions as in a fleet. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type App, startApp } from '../../../src/cli/up/app.ts';
import {
  type Report,
  type SimulatedTaskInstance,
  startTaskInstance,
  type TaskInstanceOptions,
} from '../../../src/tasks/__fixtures__/task-instance.ts';
import { type ConfigSections, quietConfig } from '../../bad-input/support/house.ts';

/** On a machine that does much else. */
const START_WITHIN_MS = 60_000;

export interface TaskHouse {
  readonly controlUrl: string;
  call<Answer>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Answer>;
  /** Registers itself before this returns. */
  addInstance(options?: TaskInstanceOptions): Promise<SimulatedTaskInstance>;
  /** Ends the house and starts it again at the same address. */
  restart(): Promise<void>;
}

export const HOUSE_TOKEN = 'a-token-that-is-long-enough';

/**
 * To be called once at the top of a test file, whose tests share one house, since opening a database takes seconds: each finds it
 * without tasks or instances.
 */
export function openTaskHouse(config: ConfigSections = {}): () => TaskHouse {
  const cleanups: (() => Promise<unknown>)[] = [];
  let app: App | undefined;
  let house: TaskHouse | undefined;
  let folder = '';

  const start = async (port: number): Promise<void> => {
    const listeners = { data: { port: 0 }, control: { port, token: HOUSE_TOKEN } };
    const tasks = { store: { directory: folder }, instanceCheckIntervalMs: 100 };
    app = await startApp(quietConfig({ tasks, ...config, listeners }));
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'signalbox-task-house-'));
    await start(0);
    house = houseAt(app!.controlUrl);
  }, START_WITHIN_MS);
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    await house!.call('POST', '/task/clear');
  });
  afterAll(async () => {
    await app?.close();
    await rm(folder, { recursive: true, force: true });
  });
  return () => house!;

  function houseAt(controlUrl: string): TaskHouse {
    const call = async <Answer>(method: string, path: string, body?: unknown): Promise<Answer> => {
      const response = await fetch(controlUrl + path, {
        method,
        headers: { authorization: `Bearer ${HOUSE_TOKEN}` },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return (await response.json()) as Answer;
    };
    return {
      controlUrl,
      call,
      async addInstance(options = {}) {
        const report = ({ taskId, reporter, executionMs, result }: Report) =>
          call('POST', '/result/submit', {
            task_id: taskId,
            instance_id: reporter,
            execution_time: executionMs,
            ...(result as object),
          });
        const result = options.result ?? (({ task_input }) => ({ echo: task_input }));
        const instance = await startTaskInstance({
          report,
          ...options,
          result: (task) => ({ result: {}, ...asReport(result(task)) }),
        });
        cleanups.push(() => instance.close().catch(() => undefined));
        const { host, port } = instance;
        const registered = await call<{ status: string; message: string }>('POST', '/ti/register', {
          host,
          port,
        });
        if (registered.status !== 'success') throw new Error(registered.message);
        cleanups.push(() => call('POST', '/ti/remove', { host, port }));
        return instance;
      },
      async restart() {
        await app!.close();
        app = undefined;
        await start(Number(new URL(controlUrl).port));
      },
    };
  }
}

/** What an instance reports: a failure where it says `error`, otherwise a result. */
function asReport(value: unknown): object {
  const { error } = value as { readonly error?: unknown };
  return error === undefined ? { result: value } : { error };
}
