/** What each instance still has to do: the books that every strategy reads, and none of them keeps. */

import type { StoredLoad } from '../store/task-store.ts';
import type { QuantileTable, TaskPrediction } from '../task.ts';
import { gammaLike } from './distributions/cumulants.ts';
import { DEFAULT_LEVELS, workingLevels } from './distributions/quantile-table.ts';
import { QueueDistribution } from './distributions/queue-distribution.ts';
import { RunningSum } from './running-sum.ts';
import type { QueueState } from './strategy.ts';
import { momentsOf } from './task-time.ts';

/** A task as the books see it. What was put in under `prediction` is taken out under the same one. */
export interface LedgerTask {
  readonly id: string;
  readonly prediction?: TaskPrediction | undefined;
}

export const EMPTY_QUEUE: QueueState = { expectedMs: 0, errorMs: 0, tasks: 0 };

/**
 * An instance is charged what was predicted for a task when it is planned or placed there, and credited exactly that when the
 * task leaves, however long it took: so the books are always the sums over what is pending, nothing is left when nobody is, and
 * no rule for recalculating them is needed. Every event costs O(1), and memory grows with the instances alone.
 *
 * Whoever calls sees to it that a task leaves once: the store says which end of a task counts.
 */
export class QueueLedger {
  readonly #queues = new Map<string, Queue>();
  #levels: readonly number[];

  /** @param levels at which distributions are shown */
  constructor(levels: readonly number[] = DEFAULT_LEVELS) {
    this.#levels = levels;
  }

  /** Other levels from now on, for what is already queued as well. */
  showAt(levels: readonly number[] = DEFAULT_LEVELS): void {
    this.#levels = workingLevels(levels);
    for (const queue of this.#queues.values()) queue.showAt(this.#levels);
  }

  add(instance: string, { id, prediction }: LedgerTask): void {
    this.#queueOf(instance).add(id, prediction);
  }

  /** The task left `instance`, which had it: it ended, was cancelled, or went back into the queue. */
  remove(instance: string, { id, prediction }: LedgerTask): void {
    const queue = this.#queues.get(instance);
    queue?.remove(id, prediction);
    if (queue?.isEmpty === true) this.#queues.delete(instance);
  }

  /** @param there what is predicted for the new place, where that differs */
  move(
    from: string,
    to: string,
    task: LedgerTask,
    there: TaskPrediction | undefined = task.prediction,
  ): void {
    this.remove(from, task);
    this.add(to, { id: task.id, prediction: there });
  }

  state(instance: string): QueueState {
    return this.#queues.get(instance)?.state ?? EMPTY_QUEUE;
  }

  /** The instance is gone, and with it what it had to do. */
  forget(instance: string): void {
    this.#queues.delete(instance);
  }

  clear(): void {
    this.#queues.clear();
  }

  /** Begins anew with what is stored; the sums of one instance's models add up. */
  restore(loads: readonly StoredLoad[]): void {
    this.#queues.clear();
    for (const load of loads) {
      if (load.tasks > 0) this.#queueOf(load.instance).addSums(load);
    }
  }

  #queueOf(instance: string): Queue {
    let queue = this.#queues.get(instance);
    if (queue === undefined) {
      queue = new Queue(this.#levels);
      this.#queues.set(instance, queue);
    }
    return queue;
  }
}

class Queue {
  readonly #distribution: QueueDistribution;
  readonly #expectedMs = new RunningSum();
  readonly #varianceMs2 = new RunningSum();
  #tasks = 0;
  #state: QueueState | undefined;

  constructor(levels: readonly number[]) {
    this.#distribution = new QueueDistribution(levels);
  }

  showAt(levels: readonly number[]): void {
    this.#distribution.showAt(levels);
    this.#state = undefined;
  }

  get isEmpty(): boolean {
    return this.#tasks === 0;
  }

  get state(): QueueState {
    this.#state ??= new LedgerState(
      Math.max(0, this.#expectedMs.value),
      Math.sqrt(Math.max(0, this.#varianceMs2.value)),
      this.#tasks,
      this.#distribution,
    );
    return this.#state;
  }

  add(id: string, prediction: TaskPrediction | undefined): void {
    const { expectedMs, varianceMs2 } = momentsOf(prediction);
    this.#change(1, expectedMs, varianceMs2);
    this.#distribution.add(id, prediction);
  }

  remove(id: string, prediction: TaskPrediction | undefined): void {
    const { expectedMs, varianceMs2 } = momentsOf(prediction);
    this.#change(-1, -expectedMs, -varianceMs2);
    this.#distribution.remove(id, prediction);
  }

  addSums({ tasks, expectedMs, varianceMs2 }: StoredLoad): void {
    this.#change(tasks, expectedMs, varianceMs2);
    this.#distribution.addRest(tasks, gammaLike(expectedMs, varianceMs2));
  }

  #change(tasks: number, expectedMs: number, varianceMs2: number): void {
    this.#tasks = Math.max(0, this.#tasks + tasks);
    this.#expectedMs.add(expectedMs);
    this.#varianceMs2.add(varianceMs2);
    this.#state = undefined;
  }
}

class LedgerState implements QueueState {
  readonly expectedMs: number;
  readonly errorMs: number;
  readonly tasks: number;
  readonly #distribution: QueueDistribution;

  constructor(expectedMs: number, errorMs: number, tasks: number, distribution: QueueDistribution) {
    this.expectedMs = expectedMs;
    this.errorMs = errorMs;
    this.tasks = tasks;
    this.#distribution = distribution;
  }

  /** Not before somebody asks: most strategies never do. */
  get quantiles(): QuantileTable | undefined {
    return this.#distribution.read();
  }
}
