/** Tasks on task instances: sent there, then in their hands until they report, are lost, or run out of time. */

import type { Clock, Random } from '../../domain/index.ts';
import type { GuardedClient } from '../instances/guarded-client.ts';
import type { KnownInstance } from '../instances/registry.ts';
import { type OrderOutcome, sendOrder } from '../instances/task-instance-client.ts';
import type { AttemptEnd } from '../store/task-store.ts';
import type { Task, TaskSummary } from '../task.ts';
import { type BackoffSettings, backoffMs } from './backoff.ts';
import type { TaskBooks } from './task-books.ts';

export interface InstanceLaneSettings {
  readonly maxInFlightPerInstance: number;
  readonly submitTimeoutMs: number;
  readonly retryBackoff: BackoffSettings;
}

export interface InstanceLaneOptions {
  readonly books: TaskBooks;
  readonly client: GuardedClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: () => InstanceLaneSettings;
  /** What tells the instance to which trace the try belongs. */
  readonly tryHeaders: (task: Task) => Readonly<Record<string, string>>;
  readonly onUnreachable: (uuid: string) => void;
  /** There is room again, now or at a moment to come. */
  readonly onRoom: (atMs?: number) => void;
  /** The last task of an instance may have ended. */
  readonly onWorked: (uuid: string) => void;
}

/** Tasks for each replica, so that none idles between two tasks. */
const TASKS_PER_REPLICA = 2;

export class InstanceLane {
  readonly #options: InstanceLaneOptions;
  /** Which instance has which task, as far as this process knows. */
  readonly #held = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  /** Not placed yet, or not answered. */
  readonly #sending = new Map<string, Promise<void>>();
  readonly #restingUntilMs = new Map<string, number>();

  constructor(options: InstanceLaneOptions) {
    this.#options = options;
  }

  room(instance: KnownInstance): number {
    const { uuid, replicas = 0, isReachable, isDraining } = instance;
    const isResting = (this.#restingUntilMs.get(uuid) ?? 0) > this.#options.clock.now();
    if (!isReachable || isDraining || isResting) return 0;
    const window = Math.max(this.#options.settings().maxInFlightPerInstance, TASKS_PER_REPLICA * replicas);
    return Math.max(0, window - this.holds(uuid));
  }

  holds(uuid: string): number {
    return this.#counts.get(uuid) ?? 0;
  }

  has(taskId: string): boolean {
    return this.#held.has(taskId);
  }

  /** Nobody has anything any more. */
  clear(): void {
    this.#held.clear();
    this.#counts.clear();
  }

  /** What an instance has by the store: from before this process began, or by other processes. */
  adopt(uuid: string, tasks: readonly TaskSummary[]): void {
    const stored = new Set(tasks.map(({ id }) => id));
    for (const [taskId, holder] of [...this.#held]) {
      if (holder === uuid && !stored.has(taskId) && !this.#sending.has(taskId)) this.release(taskId);
    }
    for (const { id } of tasks) this.#hold(id, uuid);
  }

  /** The task is in nobody's hands any more. */
  release(taskId: string): void {
    const uuid = this.#held.get(taskId);
    if (uuid === undefined) return;
    this.#held.delete(taskId);
    const count = this.holds(uuid) - 1;
    if (count > 0) this.#counts.set(uuid, count);
    else this.#counts.delete(uuid);
    this.#options.onWorked(uuid);
    this.#options.onRoom();
  }

  async start(task: Task, instance: KnownInstance): Promise<void> {
    const sending = this.#send(task, instance).finally(() => this.#sending.delete(task.id));
    this.#sending.set(task.id, sending);
    await sending;
  }

  /** Resolves when the instances have answered for all that is on its way to them, so that nobody need guess whether they have it. */
  async sent(): Promise<void> {
    await Promise.allSettled(this.#sending.values());
  }

  async #send(task: Task, instance: KnownInstance): Promise<void> {
    const { books, client } = this.#options;
    const { uuid, url } = instance;
    this.#hold(task.id, uuid);
    if (!(await books.place(task, uuid, 'instance'))) {
      this.release(task.id);
      return;
    }
    const order = {
      model_name: task.model,
      task_input: task.input,
      metadata: task.metadata,
      task_id: task.givenId ?? task.id,
    };
    const { submitTimeoutMs } = this.#options.settings();
    const outcome = await sendOrder(client, url, order, {
      timeoutMs: submitTimeoutMs,
      headers: this.#options.tryHeaders(task),
    });
    await this.#answered(task, uuid, outcome);
  }

  async #answered(task: Task, uuid: string, outcome: OrderOutcome): Promise<void> {
    const end = this.#endAfter(task, uuid, outcome);
    if (end === undefined) return;
    await this.#options.books.endSurely({ taskId: task.id, attempt: task.attempt }, end);
    this.release(task.id);
  }

  /** `undefined` while the instance has the task, or may have it. */
  #endAfter(task: Task, uuid: string, outcome: OrderOutcome): AttemptEnd | undefined {
    const { clock, random, onUnreachable, onRoom, settings } = this.#options;
    switch (outcome.type) {
      case 'taken':
      case 'unknown':
        return undefined;
      case 'busy': {
        const untilMs = clock.now() + outcome.retryAfterMs;
        this.#restingUntilMs.set(uuid, untilMs);
        onRoom(untilMs);
        return { type: 'returned' };
      }
      case 'rejected':
        return { type: 'failed', failure: { code: 'rejected', message: outcome.message } };
      case 'failed': {
        if (outcome.isUnreachable) onUnreachable(uuid);
        const retryAfterMs = backoffMs(task.attempt, settings().retryBackoff, random);
        const failure = { code: 'retries_exhausted', message: outcome.message } as const;
        return { type: 'retry', failure, retryAfterMs };
      }
      default:
        return outcome satisfies never;
    }
  }

  #hold(taskId: string, uuid: string): void {
    if (this.#held.has(taskId)) return;
    this.#held.set(taskId, uuid);
    this.#counts.set(uuid, this.holds(uuid) + 1);
  }
}
