/** Takes tasks out of the store when some place has room, and sends each where it is to go. Woken by events; polls nothing. */

import type { Clock } from '../../domain/index.ts';
import type { Timers } from '../../engines/index.ts';
import type { TaskPredictor } from '../predictions/index.ts';
import type { TaskStore } from '../store/task-store.ts';
import type { Candidate, QueueLedger, TaskStrategy } from '../strategies/index.ts';
import type { Task } from '../task.ts';
import { placesToTry } from './failed-places.ts';
import type { FleetLane } from './fleet-lane.ts';
import type { InstanceLane } from './instance-lane.ts';
import { type PlaceSources, placesOf, type TaskPlace } from './places.ts';
import type { TaskBooks } from './task-books.ts';

export interface RunnerOptions {
  readonly store: Pick<TaskStore, 'claim' | 'dueModels' | 'nextDueMs'>;
  readonly sources: PlaceSources;
  readonly instanceLane: InstanceLane;
  readonly fleetLane: FleetLane;
  readonly books: TaskBooks;
  readonly ledger: QueueLedger;
  readonly predictor: TaskPredictor;
  readonly strategy: () => TaskStrategy;
  /** Whether the scheduler's routing chooses among the fleet's engines. */
  readonly isRoutedByScheduler: () => boolean;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly onStoreError: (error: unknown) => void;
}

/** The most tasks in one statement. */
const MAX_CLAIM = 64;
/** After the storage failed. */
const PAUSE_MS = 500;
const LONGEST_DELAY_MS = 2 ** 31 - 1;

export class TaskRunner {
  readonly #options: RunnerOptions;
  /** Models of which tasks may be due. */
  readonly #due = new Set<string>();
  #isPumping = false;
  #isWoken = false;
  #isRunning = false;
  #timer: { readonly handle: unknown; readonly atMs: number } | undefined;
  #settled: Promise<void> = Promise.resolve();

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#isRunning = true;
    this.wake();
  }

  /** Takes nothing more out of the store; resolves when what was being taken has its place. */
  stop(): Promise<void> {
    this.#isRunning = false;
    if (this.#timer !== undefined) this.#options.timers.clearTimeout(this.#timer.handle);
    this.#timer = undefined;
    return this.#settled;
  }

  /** There may be tasks of `model`; without one, there may be room. */
  wake(model?: string): void {
    if (model !== undefined) this.#due.add(model);
    if (!this.#isRunning) return;
    this.#isWoken = true;
    if (!this.#isPumping) this.#settled = this.#pump();
  }

  /** Something is due then. */
  wakeAt(atMs: number): void {
    if (!this.#isRunning || (this.#timer !== undefined && this.#timer.atMs <= atMs)) return;
    const { clock, timers } = this.#options;
    if (this.#timer !== undefined) timers.clearTimeout(this.#timer.handle);
    const delayMs = Math.min(LONGEST_DELAY_MS, Math.max(0, Math.ceil(atMs - clock.now())));
    const handle = timers.setTimeout(() => {
      this.#timer = undefined;
      void this.look();
    }, delayMs);
    this.#timer = { handle, atMs };
  }

  /** Asks the store what is due, and when the next is. */
  async look(): Promise<void> {
    const { store, onStoreError, clock } = this.#options;
    if (!this.#isRunning) return;
    try {
      for (const model of await store.dueModels()) this.#due.add(model);
      const nextMs = await store.nextDueMs();
      if (nextMs !== undefined) this.wakeAt(nextMs);
    } catch (error) {
      onStoreError(error);
      this.wakeAt(clock.now() + PAUSE_MS);
    }
    this.wake();
  }

  async #pump(): Promise<void> {
    this.#isPumping = true;
    try {
      while (this.#isWoken && this.#isRunning) {
        this.#isWoken = false;
        for (const model of [...this.#due]) await this.#serve(model);
      }
    } catch (error) {
      this.#options.onStoreError(error);
      this.wakeAt(this.#options.clock.now() + PAUSE_MS);
    } finally {
      this.#isPumping = false;
    }
  }

  async #serve(model: string): Promise<void> {
    const { store, sources, books } = this.#options;
    const room = placesOf(model, sources).reduce((sum, place) => sum + this.#roomOf(place, model), 0);
    if (room === 0 || !this.#isRunning) return;
    const limit = Math.min(MAX_CLAIM, room);
    // Forgotten before the call: what is submitted while it is on its way is remembered anew.
    this.#due.delete(model);
    let tasks: readonly Task[];
    try {
      tasks = await store.claim(model, limit);
    } catch (error) {
      this.#due.add(model);
      throw error;
    }
    if (tasks.length === limit) this.wake(model);
    for (const task of tasks) books.claimed(task);
    books.claimsAreIn();
    for (const task of tasks) await this.#send(task);
  }

  async #send(task: Task): Promise<void> {
    const { sources, books } = this.#options;
    const { model } = task;
    const withRoom = placesOf(model, sources).filter((place) => this.#roomOf(place, model) > 0);
    const places = placesToTry(task.failedAt ?? [], withRoom);
    if (places.length === 0) {
      await books.endSurely({ taskId: task.id, attempt: task.attempt }, { type: 'returned' });
      return;
    }
    const planned = places.find(({ uuid }) => uuid === task.plannedInstance);
    this.#begin(task, planned ?? this.#choose(task, places), places);
  }

  #choose(task: Task, places: readonly TaskPlace[]): TaskPlace {
    const { ledger, strategy, predictor } = this.#options;
    const candidates = places.map(({ uuid }): Candidate => {
      const { prediction } = predictor.predict({ ...task, instance: uuid });
      return { uuid, queue: ledger.state(uuid), prediction };
    });
    return places[strategy().choose(candidates, task.model)]!;
  }

  #begin(task: Task, place: TaskPlace, places: readonly TaskPlace[]): void {
    const { instanceLane, fleetLane, sources } = this.#options;
    if (place.kind === 'task-instance') {
      void instanceLane.start(task, place.instance);
      return;
    }
    const isFree = this.#options.isRoutedByScheduler();
    const engines = isFree
      ? places.flatMap((one) => (one.kind === 'engine' ? [one.engine] : []))
      : [place.engine];
    const ready = sources.fleetServing(task.model).filter(({ isReady }) => isReady);
    fleetLane.start(task, engines, engines.length === ready.length);
  }

  #roomOf(place: TaskPlace, model: string): number {
    const { instanceLane, fleetLane } = this.#options;
    if (place.kind === 'task-instance') return instanceLane.room(place.instance);
    return fleetLane.room(place.engine, model);
  }
}
