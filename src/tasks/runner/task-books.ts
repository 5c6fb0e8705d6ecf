/** Every placement and every end of a try goes through here: stored first, then taken into the books of what each instance has to do. */

import { type Random, SignalboxError } from '../../domain/index.ts';
import type { Timers } from '../../engines/index.ts';
import type { SourcedPrediction, TaskPredictor } from '../predictions/index.ts';
import type { AttemptEnd, EndedTask, Placement, TaskAttempt, TaskStore } from '../store/task-store.ts';
import type { QueueLedger } from '../strategies/index.ts';
import type { Task, TaskPrediction, TaskSummary } from '../task.ts';
import { gather } from './gather.ts';

/** Told of what happens to tries, after it is stored. Must not throw. */
export interface TryObserver {
  onPlaced?(task: Task, uuid: string): void;
  /**
   * Not for ends that changed nothing.
   * @param before the task as it was, where this process did not have it
   */
  onEnded?(ended: EndedTask, end: AttemptEnd, before: TaskSummary | undefined): void;
}

export interface TaskBooksOptions {
  readonly store: Pick<TaskStore, 'place' | 'end'>;
  readonly ledger: QueueLedger;
  readonly predictor: TaskPredictor;
  readonly observer: TryObserver;
  readonly timers: Timers;
  readonly random: Random;
  readonly onStoreError: (error: unknown) => void;
}

/** Who is charged for a task: whoever has it, else whoever is planned to get it. As the store's `loads()` counts. */
export function chargedTo({
  state,
  instance,
  plannedInstance,
}: Pick<TaskSummary, 'state' | 'instance' | 'plannedInstance'>): string | undefined {
  return state === 'scheduled' ? (instance ?? plannedInstance) : plannedInstance;
}

const MAX_STORE_PAUSE_MS = 5_000;

interface Open {
  readonly task: Task;
  charged: string | undefined;
  /** What it is charged as. */
  prediction: TaskPrediction | undefined;
  /** What was foretold for where it runs. */
  foretold: SourcedPrediction | undefined;
}

export class TaskBooks {
  readonly #options: TaskBooksOptions;
  /** What is claimed or placed here, with who is charged for it. */
  readonly #open = new Map<string, Open>();
  /** Cancelled while the claim was on its way, and credited then. */
  readonly #leftEarly = new Set<string>();
  readonly #place: (placement: Placement) => Promise<boolean>;
  readonly #end: (end: TaskAttempt & AttemptEnd) => Promise<EndedTask>;
  readonly #storing = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(options: TaskBooksOptions) {
    this.#options = options;
    const { store } = options;
    this.#place = gather(async (placements) => {
      const ours = await store.place(placements);
      return placements.map(({ taskId }) => ours.has(taskId));
    });
    this.#end = gather((ends) => store.end(ends), 64);
  }

  /** A task that was just taken out of the queue: still charged to whom it was planned for. */
  claimed(task: Task): void {
    if (this.#leftEarly.delete(task.id)) return;
    this.#open.set(task.id, {
      task,
      charged: task.plannedInstance,
      prediction: task.prediction,
      foretold: undefined,
    });
  }

  /** Whether the try is still ours to begin; when it is not, nothing more is to be done about it. */
  async place(task: Task, uuid: string, runsIn: Placement['runsIn']): Promise<boolean> {
    const { ledger, predictor, observer } = this.#options;
    const foretold = predictor.predict({ ...task, instance: uuid });
    const { prediction } = foretold;
    const placement = { taskId: task.id, attempt: task.attempt, instance: uuid, runsIn, prediction };
    const isOurs = await this.#surely(() => this.#place(placement));
    const open = this.#open.get(task.id);
    // It may have been cancelled while it was on its way.
    if (isOurs !== true || open === undefined) {
      this.#forget(task.id);
      return false;
    }
    this.#credit(open);
    open.charged = uuid;
    open.prediction = prediction;
    open.foretold = foretold;
    ledger.add(uuid, { id: task.id, prediction });
    observer.onPlaced?.(task, uuid);
    return true;
  }

  /** Ends a try that ran here: again and again until it is stored, or this process stops. */
  async endSurely(
    attempt: TaskAttempt,
    end: AttemptEnd,
    before?: TaskSummary,
  ): Promise<EndedTask | undefined> {
    const storing = this.#surely(
      () => this.end(attempt, end, before),
      () => this.end(attempt, unstorable(end), before),
    );
    this.#storing.add(storing);
    try {
      return await storing;
    } finally {
      this.#storing.delete(storing);
    }
  }

  /** Resolves when every end that happened so far is stored. */
  async stored(): Promise<void> {
    await Promise.allSettled(this.#storing);
  }

  /**
   * @param before the task as it was, where this process may not know of it
   * @throws what the store throws; then nothing has changed
   */
  async end({ taskId, attempt }: TaskAttempt, end: AttemptEnd, before?: TaskSummary): Promise<EndedTask> {
    const ended = await this.#end({ taskId, attempt, ...end });
    this.#settled(ended, end, attempt, before);
    return ended;
  }

  #settled(ended: EndedTask, end: AttemptEnd, attempt: number, given?: TaskSummary): void {
    const before = given ?? ended.task;
    const current = this.#open.get(ended.taskId);
    // A late end of an earlier try says nothing of the one that is open.
    const open = current?.task.attempt === attempt ? current : undefined;
    if (open !== undefined) this.#open.delete(ended.taskId);
    // Whoever ended it before has credited it.
    if (ended.outcome === 'unchanged') return;
    const { ledger, observer } = this.#options;
    const { task } = ended;
    const { charged, prediction } = open ?? {
      charged:
        before.state === 'queued' ? before.plannedInstance : (before.instance ?? before.plannedInstance),
      prediction: before.prediction,
    };
    if (charged !== undefined) ledger.remove(charged, { id: task.id, prediction });
    const next = ended.outcome === 'queued' ? task.plannedInstance : undefined;
    if (next !== undefined) ledger.add(next, { id: task.id, prediction: task.prediction });
    if (ended.outcome === 'completed' && open !== undefined) this.#learn(open, ended.task);
    observer.onEnded?.(ended, end, given);
  }

  #learn({ task, charged, foretold }: Open, { executionMs, endedMs, scheduledMs }: TaskSummary): void {
    const heldMs = endedMs === undefined || scheduledMs === undefined ? undefined : endedMs - scheduledMs;
    const tookMs = executionMs ?? heldMs;
    if (charged === undefined || tookMs === undefined) return;
    this.#options.predictor.learn({ ...task, instance: charged }, foretold, tookMs);
  }

  /** A task left the queue by other ways than a try's end: cancelled, or failed while it waited. */
  left(before: TaskSummary): void {
    const open = this.#open.get(before.id);
    this.#open.delete(before.id);
    const isBeingClaimed =
      open === undefined && before.state === 'scheduled' && before.instance === undefined;
    if (isBeingClaimed) this.#leftEarly.add(before.id);
    const charged = open === undefined ? chargedTo(before) : open.charged;
    const prediction = open === undefined ? before.prediction : open.prediction;
    if (charged !== undefined) this.#options.ledger.remove(charged, { id: before.id, prediction });
  }

  /** The try that `uuid` has, if it was placed by this process and has not ended. */
  heldAt(taskId: string, uuid: string): Task | undefined {
    const open = this.#open.get(taskId);
    return open?.foretold !== undefined && open.charged === uuid ? open.task : undefined;
  }

  /** Nothing more is known of what was open: somebody else has it, or nobody. */
  clear(): void {
    this.#open.clear();
    this.#leftEarly.clear();
  }

  /** No claim is on its way. */
  claimsAreIn(): void {
    this.#leftEarly.clear();
  }

  close(): void {
    this.#isClosed = true;
  }

  #forget(taskId: string): void {
    const open = this.#open.get(taskId);
    if (open === undefined) return;
    this.#open.delete(taskId);
    this.#credit(open);
  }

  #credit({ charged, prediction, task }: Open): void {
    if (charged !== undefined) this.#options.ledger.remove(charged, { id: task.id, prediction });
  }

  async #surely<T>(store: () => Promise<T>, otherwise?: () => Promise<T>): Promise<T | undefined> {
    let next = store;
    for (let failures = 1; !this.#isClosed; failures++) {
      try {
        return await next();
      } catch (error) {
        this.#options.onStoreError(error);
        // What is no passing trouble of the storage lies in what is to be stored.
        const mayPass = error instanceof SignalboxError && error.retryable;
        if (!mayPass && otherwise !== undefined) next = otherwise;
        const fullMs = Math.min(MAX_STORE_PAUSE_MS, 50 * 2 ** Math.min(10, failures));
        await this.#pause(fullMs * (0.5 + this.#options.random.next() / 2));
      }
    }
    return undefined;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#options.timers.setTimeout(resolve, ms);
    });
  }
}

/** The end of a try whose own end the storage does not take, such as a result that it cannot hold. */
function unstorable(end: AttemptEnd): AttemptEnd {
  if (end.type !== 'completed') return end;
  return {
    type: 'failed',
    failure: { code: 'task_failed', message: 'The result could not be stored.' },
  };
}
