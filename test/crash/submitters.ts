/** Clients that submit as fast as they are answered, and send what was not answered again under the same id until it is. */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type NewTask, TaskClient, TaskClientError } from '../../src/client/index.ts';
import { type Random, randomIndex } from '../../src/domain/index.ts';
import { resultKey } from './accounting.ts';

export const HOSTED_MODEL = 'crash-hosted';
export const ENGINE_MODEL = 'crash-engine';

export interface SubmitterSurroundings {
  readonly urls: readonly string[];
  readonly random: Random;
  /** Ids that a server said it has stored. */
  readonly acknowledged: Set<string>;
  /** Results that a server showed, by their tasks. */
  readonly shown: Map<string, string>;
  /** Whether the queue is so long that the workers should catch up first. */
  readonly isLongEnough: () => boolean;
  readonly signal: AbortSignal;
}

const PAUSE_MS = 20;
const LARGEST_BATCH = 20;
const AGAIN_SHARE = 0.03;
const LOOK_SHARE = 0.05;
/** Some answers of engines take about a second, so that servers die while they are given. */
const LONG_SHARE = 0.1;
const SHORT_TOKENS = 3;
const LONG_TOKENS = 150;

/** Resolves once `signal` is aborted; what was not acknowledged by then, nobody promised anything of. */
export async function submitForEver(surroundings: SubmitterSurroundings): Promise<void> {
  const { random, acknowledged, isLongEnough, signal } = surroundings;
  const clients = surroundings.urls.map(
    (baseUrl) => new TaskClient({ baseUrl, timeoutMs: 5_000, maxRetries: 2 }),
  );
  const recent: NewTask[] = [];

  while (!signal.aborted) {
    if (isLongEnough()) {
      await pause(signal);
      continue;
    }
    const tasks = draw();
    await persist((client) => send(client, tasks));
    if (signal.aborted) break;
    for (const { id } of tasks) acknowledged.add(id!);
    recent.push(tasks[0]!);
    if (recent.length > 200) recent.shift();
    if (random.next() < LOOK_SHARE) await lookAt(recent[randomIndex(random, recent.length)]!.id!);
  }

  /** Mostly new ones; now and then one that was acknowledged long ago, as if that had not been heard. */
  function draw(): readonly NewTask[] {
    if (recent.length > 0 && random.next() < AGAIN_SHARE)
      return [recent[randomIndex(random, recent.length)]!];
    const model = random.next() < 0.5 ? HOSTED_MODEL : ENGINE_MODEL;
    const count = random.next() < 0.3 ? 2 + randomIndex(random, LARGEST_BATCH - 1) : 1;
    return Array.from({ length: count }, () =>
      newTask(model, random.next() < LONG_SHARE ? LONG_TOKENS : SHORT_TOKENS),
    );
  }

  async function lookAt(id: string): Promise<void> {
    await persist(async (client) => {
      const task = await client.get(id, { signal });
      if (task?.state === 'completed') surroundings.shown.set(id, resultKey(task.result) ?? 'none');
    });
  }

  /** Until one of the servers has done it. */
  async function persist(work: (client: TaskClient) => Promise<unknown>): Promise<void> {
    while (!signal.aborted) {
      try {
        await work(clients[randomIndex(random, clients.length)]!);
        return;
      } catch (error) {
        if (signal.aborted) return;
        const isAway = error instanceof TaskClientError && (error.status === 0 || error.status >= 500);
        // Whatever else a server says of tasks that are in order is a finding.
        if (!isAway) throw error;
        await pause(signal);
      }
    }
  }

  async function send(client: TaskClient, tasks: readonly NewTask[]): Promise<unknown> {
    const [task] = tasks;
    if (tasks.length === 1) return client.submit(task!, { signal });
    return client.submitBatch(task!.model, tasks, { signal });
  }
}

function newTask(model: string, maxTokens: number): NewTask {
  const id = randomUUID();
  const input =
    model === HOSTED_MODEL
      ? { prompt: id }
      : {
          user: id,
          max_tokens: maxTokens,
          ignore_eos: true,
          messages: [{ role: 'user', content: `Say ${id}.` }],
        };
  return { id, model, input };
}

async function pause(signal: AbortSignal): Promise<void> {
  await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
}
