/** Tells those who asked for it that their task has ended: signed, time-limited, and again until it was taken, also after a restart. */

import type { Clock, Random } from '../../domain/index.ts';
import { type Repetition, repeat, type Timers } from '../../engines/index.ts';
import type { GuardedClient } from '../instances/guarded-client.ts';
import { backoffMs } from '../runner/backoff.ts';
import type { WebhookSettings } from '../settings.ts';
import type { PendingWebhook, TaskStore, WebhookOutcome } from '../store/task-store.ts';
import type { TaskTracing } from '../tracing.ts';
import { webhookHeaders } from './signature.ts';

export interface WebhooksOptions {
  readonly store: Pick<TaskStore, 'claimWebhooks' | 'webhookTold' | 'nextWebhookMs'>;
  readonly client: GuardedClient;
  readonly settings: () => WebhookSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly tracing: Pick<TaskTracing, 'telling'>;
  readonly onTold: (outcome: 'delivered' | 'retried' | 'given_up', detail: WebhookDetail) => void;
  readonly onStoreError: (error: unknown) => void;
}

export interface WebhookDetail {
  readonly taskId: string;
  readonly url: string;
  readonly message?: string;
}

export interface Webhooks {
  /** There may be something to tell. */
  hurry(): void;
  /** Stops telling; what is on its way is told again by whoever comes next. */
  close(): Promise<void>;
}

/** When nothing else wakes it: another process may have died while it told. */
const FLOOR_MS = 10_000;
/** What the receiver answers is of no interest. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** Held back longer than a try takes, so that nobody else tells it meanwhile. */
const HOLD_MARGIN_MS = 10_000;

export function createWebhooks(options: WebhooksOptions): Webhooks {
  const { store, client, settings, clock, random, timers } = options;
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  let nextMs = 0;

  async function tellDue(): Promise<void> {
    try {
      const { maxConcurrency, timeoutMs } = settings();
      const free = maxConcurrency - running.size;
      const due = free > 0 ? await store.claimWebhooks(free, timeoutMs + HOLD_MARGIN_MS) : [];
      for (const webhook of due) begin(webhook);
      const atMs = await store.nextWebhookMs();
      nextMs = atMs === undefined ? FLOOR_MS : Math.min(FLOOR_MS, Math.max(0, atMs - clock.now()));
      // While all hands are full, the first that is free looks again.
      if (running.size >= maxConcurrency) nextMs = FLOOR_MS;
    } catch (error) {
      nextMs = FLOOR_MS;
      options.onStoreError(error);
    }
  }

  function begin(webhook: PendingWebhook): void {
    const telling = tell(webhook)
      .catch(options.onStoreError)
      .finally(() => {
        running.delete(telling);
        if (!stopping.signal.aborted) repetition.hurry();
      });
    running.add(telling);
  }

  async function tell({ task, url, tries }: PendingWebhook): Promise<void> {
    const { secret, timeoutMs, maxTries, retryBackoff } = settings();
    const body = JSON.stringify({
      type: `task.${task.state}`,
      timestamp: new Date(task.endedMs ?? clock.now()).toISOString(),
      data: {
        task_id: task.givenId ?? task.id,
        task_status: task.state,
        model_name: task.model,
        submit_time: task.submittedMs / 1000,
        ...(task.endedMs !== undefined && { completion_time: task.endedMs / 1000 }),
        ...(task.executionMs !== undefined && { execution_time: task.executionMs }),
        ...(task.failure !== undefined && { error: task.failure }),
        ...(task.batchId !== undefined && { batch_id: task.batchId }),
        ...(task.customId !== undefined && { custom_id: task.customId }),
      },
    });
    const message = { id: task.id, timestampSeconds: Math.floor(clock.now() / 1000), body };
    const trace = options.tracing.telling(task, url, tries);
    const outcome = await client.call({
      method: 'POST',
      url,
      body,
      headers: { ...webhookHeaders(message, secret), ...trace.headers },
      timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      signal: stopping.signal,
    });
    if (stopping.signal.aborted) return;
    const detail = { taskId: task.id, url };
    const status = outcome.type === 'answer' ? outcome.status : undefined;
    if (status !== undefined && status >= 200 && status < 300) {
      trace.end('delivered', status);
      await store.webhookTold(task.id, { type: 'done' });
      options.onTold('delivered', detail);
      return;
    }
    const why = outcome.type === 'answer' ? `answered ${outcome.status}` : outcome.message;
    // 410 says that nobody is there to be told any more.
    const isGone = outcome.type === 'answer' && outcome.status === 410;
    const isOver = tries + 1 >= maxTries || isGone;
    const next: WebhookOutcome = isOver
      ? { type: 'done' }
      : { type: 'again', afterMs: backoffMs(tries + 1, retryBackoff, random) };
    trace.end(isOver ? 'given_up' : 'retried', status);
    await store.webhookTold(task.id, next);
    options.onTold(isOver ? 'given_up' : 'retried', { ...detail, message: why });
  }

  const rhythm = { intervalMs: () => nextMs, jitterShare: 0, firstDelayMs: 0 };
  const repetition: Repetition = repeat(tellDue, rhythm, { clock, timers, random });
  return {
    hurry: () => repetition.hurry(),
    async close() {
      repetition.stop();
      stopping.abort();
      await Promise.all(running);
    },
  };
}
