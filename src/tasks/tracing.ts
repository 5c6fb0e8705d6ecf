/**
 * A task as a trace: its submission, and below that the task itself with each wait, each try and each webhook. Ids of tasks' and tries' spans
 * follow from what is stored, so that whichever process stores an end tells it, once, and a restart goes on with the same trace.
 */

import { createHash } from 'node:crypto';
import type { Clock } from '../domain/index.ts';
import {
  CONVENTIONAL,
  headersOf,
  OWN,
  type Spans,
  spanContextOf,
  type TraceHeaders,
} from '../telemetry/tracing/index.ts';
import type { AttemptEnd, EndedTask } from './store/task-store.ts';
import type { Task, TaskSummary } from './task.ts';
import type { NewTask } from './task-service.ts';

export interface SubmissionTrace {
  /** What is stored with the task. */
  traceOf(task: NewTask): TraceHeaders | undefined;
  end(error?: unknown): void;
}

export interface WebhookTrace {
  readonly headers: Partial<TraceHeaders>;
  end(outcome: string, status?: number): void;
}

type Traced = Pick<Task, 'id' | 'attempt' | 'trace'>;

/** Nothing of it throws. */
export interface TaskTracing {
  submitting(tasks: readonly NewTask[]): SubmissionTrace;
  /** What an instance is to be sent with this try. */
  tryHeaders(task: Traced): Partial<TraceHeaders>;
  placed(task: Task): void;
  /** @param before as it was, where this process did not have it */
  ended(ended: EndedTask, end: AttemptEnd, before: TaskSummary | undefined): void;
  /** @param before as it was */
  cancelled(before: TaskSummary): void;
  /** The process that had it died. */
  lost(task: TaskSummary): void;
  telling(task: TaskSummary, url: string, tries: number): WebhookTrace;
}

const nothing = (): void => undefined;

/** A trace that a caller began goes on to instances and webhooks as it came. */
const UNTRACED: TaskTracing = {
  submitting: () => ({ traceOf: ({ trace }) => trace, end: nothing }),
  tryHeaders: ({ trace = {} }) => trace,
  placed: nothing,
  ended: nothing,
  cancelled: nothing,
  lost: nothing,
  telling: ({ trace = {} }) => ({ headers: trace, end: nothing }),
};

export interface TaskTracingParts {
  readonly spans: Spans | undefined;
  readonly clock: Clock;
  /** What people call the instance. */
  readonly nameOf: (uuid: string) => string;
}

export function createTaskTracing({ spans, clock, nameOf }: TaskTracingParts): TaskTracing {
  if (spans === undefined) return UNTRACED;
  const now = (): number => clock.now();
  /** An engine that is full is tried again under the same number, but the task has waited once. */
  const waited = new WeakSet<Task>();

  function tellTry(
    task: TaskSummary,
    atMs: number,
    outcome: string,
    errorType?: string,
    message?: string,
  ): void {
    const below = contextIn(task, taskSpanId(task));
    if (task.instance === undefined || below === undefined) return;
    spans!
      .start('task try', {
        kind: 'client',
        parent: below,
        id: trySpanId(task),
        atMs: task.scheduledMs ?? atMs,
        attributes: {
          [OWN.task]: task.id,
          [OWN.attempt]: task.attempt,
          [OWN.instance]: nameOf(task.instance),
          [OWN.outcome]: outcome,
          [CONVENTIONAL.model]: task.model,
        },
      })
      .end({ atMs: Math.max(atMs, task.scheduledMs ?? atMs), errorType, message });
  }

  function tellTask(task: TaskSummary, atMs: number, outcome: string, errorType?: string): void {
    const parent = contextIn(task);
    if (parent === undefined) return;
    spans!
      .start('task', {
        kind: 'internal',
        parent,
        id: taskSpanId(task),
        atMs: task.submittedMs,
        attributes: {
          [OWN.task]: task.id,
          [OWN.attempts]: task.attempt,
          [OWN.outcome]: outcome,
          [OWN.priority]: task.priority,
          [CONVENTIONAL.model]: task.model,
          ...(task.instance !== undefined && { [OWN.instance]: nameOf(task.instance) }),
          ...(task.tenant !== undefined && { [OWN.tenant]: task.tenant }),
          ...(task.batchId !== undefined && { [OWN.batch]: task.batchId }),
        },
      })
      .end({ atMs: Math.max(atMs, task.submittedMs), errorType, message: task.failure?.message });
  }

  return {
    submitting(tasks) {
      const given = tasks[0]?.trace;
      const span = spans.start('task submit', {
        kind: 'server',
        parent: given && spanContextOf(given),
        atMs: now(),
        attributes: { [OWN.tasks]: tasks.length, [CONVENTIONAL.model]: tasks[0]?.model ?? '' },
      });
      const trace = headersOf(span.context);
      return {
        traceOf: () => trace,
        end(error) {
          const message = error instanceof Error ? error.message : undefined;
          span.end({ atMs: now(), errorType: error === undefined ? undefined : 'not_stored', message });
        },
      };
    },
    tryHeaders(task) {
      const context = task.trace && spanContextOf(task.trace);
      return context === undefined ? {} : headersOf({ ...context, spanId: trySpanId(task) });
    },
    placed(task) {
      const parent = contextIn(task, taskSpanId(task));
      if (parent === undefined || waited.has(task)) return;
      waited.add(task);
      const fromMs = Math.max(task.queuedMs ?? task.submittedMs, task.notBeforeMs ?? 0);
      const attributes = { [OWN.task]: task.id, [OWN.attempt]: task.attempt };
      const atMs = Math.max(fromMs, now());
      spans.start('task queue', { kind: 'internal', parent, atMs: fromMs, attributes }).end({ atMs });
    },
    ended({ task, outcome }, end, before) {
      if (outcome === 'unchanged') return;
      const atMs = task.endedMs ?? now();
      const failure = end.type === 'retry' || end.type === 'failed' ? end.failure : undefined;
      const isFailed = outcome === 'failed';
      if (before?.state !== 'queued') {
        const isRetried = end.type === 'retry' && !isFailed;
        const code = isRetried ? 'try_failed' : failure?.code;
        const name = isRetried ? 'retried' : outcome === 'queued' ? 'returned' : outcome;
        tellTry(task, atMs, name, code, failure?.message);
      }
      if (outcome !== 'queued') tellTask(task, atMs, outcome, isFailed ? task.failure?.code : undefined);
    },
    cancelled(before) {
      if (before.state === 'scheduled') tellTry(before, now(), 'cancelled');
      tellTask(before, now(), 'cancelled');
    },
    lost(task) {
      tellTry(task, now(), 'lost', 'lost');
    },
    telling(task, url, tries) {
      const parent = contextIn(task, taskSpanId(task));
      if (parent === undefined) return { headers: task.trace ?? {}, end: nothing };
      const attributes = {
        [OWN.task]: task.id,
        [OWN.attempt]: tries + 1,
        [CONVENTIONAL.url]: withoutQuery(url),
      };
      const span = spans.start('task webhook', { kind: 'client', parent, atMs: now(), attributes });
      return {
        headers: headersOf(span.context),
        end(outcome, status) {
          span.end({
            atMs: now(),
            attributes: {
              [OWN.outcome]: outcome,
              ...(status !== undefined && { [CONVENTIONAL.status]: status }),
            },
            errorType: outcome === 'delivered' ? undefined : outcome,
          });
        },
      };
    },
  };
}

const SAMPLED = 1;

/** Under which a task's spans hang; `undefined` for one that nobody traces. */
function contextIn({ trace }: Pick<Task, 'trace'>, spanId?: string) {
  const context = trace && spanContextOf(trace);
  if (context === undefined || (context.traceFlags & SAMPLED) === 0) return undefined;
  return spanId === undefined ? context : { ...context, spanId };
}

const taskSpanId = ({ id }: Pick<Task, 'id'>): string => spanIdFrom(id);
const trySpanId = ({ id, attempt }: Pick<Task, 'id' | 'attempt'>): string => spanIdFrom(`${id}/${attempt}`);

function spanIdFrom(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 16);
}

/** What comes after it may be a secret. */
function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '');
}
