/** The task queue as its doors see it, over an open store. */

import { type Clock, type Random, SignalboxError } from '../domain/index.ts';
import type { TaskEvents } from './events/task-events.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { Registry } from './instances/registry.ts';
import type { Plan, Planner } from './planner.ts';
import type { FleetView } from './runner/fleet-view.ts';
import type { TaskBooks } from './runner/task-books.ts';
import type { TaskSettings } from './settings.ts';
import type { AttemptEnd, SubmitOutcome, TaskStore } from './store/task-store.ts';
import type { QueueLedger } from './strategies/index.ts';
import { isFinal, type Task, type TaskSubmission } from './task.ts';
import type {
  CompletionOutcome,
  CompletionReport,
  InstanceQueue,
  NewTask,
  PredictMode,
  Submitted,
  TaskService,
} from './task-service.ts';
import type { SubmissionTrace, TaskTracing } from './tracing.ts';

/** Strategy and source of predictions: switched while tasks wait and run, and stored. */
export interface Modes {
  strategy(): string;
  /** Those that can be set. */
  strategies(): readonly string[];
  setStrategy(name: string): Promise<void>;
  predictMode(): PredictMode;
  setPredictMode(mode: PredictMode): Promise<void>;
}

export interface TaskServiceParts {
  readonly store: TaskStore;
  readonly events: TaskEvents;
  readonly planner: Planner;
  readonly books: TaskBooks;
  readonly ledger: QueueLedger;
  readonly registry: Registry;
  readonly fleet: FleetView;
  /** What people call an instance, where it is known. */
  readonly nameOf: (uuid: string) => string;
  readonly modes: Modes;
  readonly tracing: TaskTracing;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: () => TaskSettings;
  /** Why nobody at this URL is ever told, where the URL alone shows it. */
  readonly webhookRefusal: (url: string) => string | undefined;
  /** Tasks of these models were stored; one of them may not be due before `dueMs`. */
  readonly onSubmitted: (tasks: readonly TaskSubmission[]) => void;
  /** The task is in nobody's hands any more: stop whatever runs for it here. */
  readonly onLeft: (taskId: string) => void;
  readonly onCleared: () => void;
}

export function createTaskService(parts: TaskServiceParts): TaskService {
  const { store, events, planner, books, ledger, registry, fleet, modes, tracing, clock } = parts;

  async function submit(
    tasks: readonly NewTask[],
    { isWaitingAllowed = false }: { readonly isWaitingAllowed?: boolean } = {},
  ): Promise<readonly Submitted[]> {
    for (const { webhook } of tasks) refuseUntold(webhook?.url);
    const plans = planner.planAll(tasks, isWaitingAllowed);
    const trace = tracing.submitting(tasks);
    const submissions = tasks.map((task, index) => submissionOf(task, plans[index], trace));
    let outcomes: readonly SubmitOutcome[];
    try {
      outcomes = await store.submit(submissions);
    } catch (error) {
      tasks.forEach((task, index) => {
        planner.undo(task, plans[index]);
      });
      trace.end(error);
      throw error;
    }
    trace.end();
    const stored = submissions.filter((submission, index) => {
      const isStored = outcomes[index]!.type === 'stored';
      if (!isStored) planner.undo(submission, plans[index]);
      return isStored;
    });
    parts.onSubmitted(stored);
    return outcomes.map((outcome, index) => submittedOf(outcome, plans[index]));
  }

  /** A webhook that can never be told is better refused now than missed later. */
  function refuseUntold(url: string | undefined): void {
    const refusal = url === undefined ? undefined : parts.webhookRefusal(url);
    if (refusal === undefined) return;
    throw new SignalboxError('invalid_value', `webhook.url: ${refusal}`, { param: 'webhook.url' });
  }

  function submissionOf(task: NewTask, plan: Plan | undefined, submission: SubmissionTrace): TaskSubmission {
    const { defaults } = parts.settings();
    const trace = submission.traceOf(task);
    return {
      ...defaults,
      ...task,
      metadata: task.metadata ?? {},
      fingerprint: task.fingerprint ?? fingerprintOf(task),
      submittedMs: task.submittedMs ?? Math.round(clock.now()),
      ...(trace !== undefined && { trace }),
      ...(plan !== undefined && { plannedInstance: plan.instance, prediction: plan.prediction }),
    };
  }

  async function wait(taskId: string, waitMs: number, signal?: AbortSignal): Promise<Task | undefined> {
    // Listening begins before the look, or an end between the two would go unnoticed.
    const waiting = events.waitFor(taskId, waitMs, signal);
    try {
      const task = await store.get(taskId);
      if (task === undefined || isFinal(task.state) || waitMs <= 0) return task;
      await waiting.over;
      return await store.get(taskId);
    } finally {
      waiting.stop();
    }
  }

  async function report(given: CompletionReport): Promise<CompletionOutcome> {
    const reporter = await registry.findSurely(given.reporter);
    if (reporter === undefined) return { type: 'unknown-instance' };
    const held = books.heldAt(given.taskId, reporter.uuid) ?? (await heldBy(reporter.uuid, given.taskId));
    if ('type' in held) return held;
    const bytes = given.failureMessage === undefined ? sizeOf(given.result) : 0;
    const { maxResultBytes } = parts.settings();
    const end = endOf(given, bytes, maxResultBytes);
    const ended = await books.end({ taskId: held.id, attempt: held.attempt }, end);
    if (ended.outcome === 'unchanged') return { type: 'already-ended', task: ended.task };
    parts.onLeft(held.id);
    if (bytes > maxResultBytes) return { type: 'too-large', bytes, maxBytes: maxResultBytes };
    return { type: 'accepted', totalMs: Math.max(0, clock.now() - held.submittedMs) };
  }

  /** What the store says of a task that was placed before this process began, or by another one. */
  async function heldBy(uuid: string, taskId: string): Promise<Task | CompletionOutcome> {
    const task = await store.get(taskId);
    if (task === undefined) return { type: 'unknown-task' };
    // A task in the queue has been taken from whoever reports: that try is over.
    if (task.state !== 'scheduled') return { type: 'already-ended', task };
    if (task.instance !== uuid) {
      const expected = task.instance === undefined ? 'no instance' : parts.nameOf(task.instance);
      return { type: 'wrong-instance', expected };
    }
    return task;
  }

  function queues(model?: string): readonly InstanceQueue[] {
    const listed: InstanceQueue[] = [];
    const add = (queue: Omit<InstanceQueue, 'state'>): void => {
      if (model !== undefined && queue.model !== model) return;
      listed.push({ ...queue, state: ledger.state(queue.uuid) });
    };
    const shown = new Set<string>();
    for (const { uuid, url, kind, isDraining, model: served } of registry.known()) {
      if (kind === 'engine' && fleet.byUuid(uuid) !== undefined) continue;
      shown.add(uuid);
      add({ uuid, url, isDraining, model: served });
    }
    for (const { uuid, instance, isDraining } of fleet.all()) {
      if (shown.has(uuid)) continue;
      const served = model !== undefined && instance.adapters.includes(model) ? [model] : instance.models;
      for (const one of served) add({ uuid, url: instance.url, isDraining, model: one });
    }
    return listed;
  }

  return {
    submit,
    get: (taskId) => store.get(taskId),
    getMany: (taskIds) => store.getMany(taskIds),
    counts: () => store.countByState(),
    wait,
    list: (filter, page) => store.list(filter, page),
    async cancel(taskId) {
      const before = await store.cancel(taskId);
      if (before === undefined || isFinal(before.state)) return before;
      books.left(before);
      tracing.cancelled(before);
      parts.onLeft(taskId);
      return before;
    },
    report,
    async clear() {
      const cleared = await store.clear();
      parts.onCleared();
      return cleared;
    },
    queues,
    ...modes,
    subscribe: (listener) => events.subscribe(listener),
  };
}

function submittedOf(outcome: SubmitOutcome, plan: Plan | undefined): Submitted {
  const instance =
    outcome.type === 'known' ? (outcome.task.instance ?? outcome.task.plannedInstance) : plan?.instance;
  return { outcome, ...(outcome.type !== 'conflict' && instance !== undefined && { instance }) };
}

function endOf(given: CompletionReport, bytes: number, maxBytes: number): AttemptEnd {
  const { failureMessage, result = null, executionMs } = given;
  if (failureMessage !== undefined) {
    return { type: 'failed', failure: { code: 'task_failed', message: failureMessage } };
  }
  if (bytes > maxBytes) {
    const message = `The result has ${bytes} bytes; allowed are ${maxBytes} (tasks.maxResultBytes).`;
    return { type: 'failed', failure: { code: 'result_too_large', message } };
  }
  return { type: 'completed', result, ...(executionMs !== undefined && { executionMs }) };
}

function sizeOf(result: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(result ?? null));
  } catch (cause) {
    throw new SignalboxError('invalid_value', 'result: it cannot be written as JSON', {
      param: 'result',
      cause,
    });
  }
}
