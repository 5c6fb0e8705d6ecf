/**
 * Carries batches from one state to the next: checks the file, submits its lines, waits for the tasks, writes the results. Every step
 * can be done again without harm, so a process that died in the middle, or a second one beside it, changes nothing.
 */

import type { Clock } from '../../domain/index.ts';
import type { Timers } from '../../scheduler/index.ts';
import { isFinal, type TaskState } from '../task.ts';
import type { NewTask, TaskService } from '../task-service.ts';
import { wholeTasks } from '../whole-tasks.ts';
import { type Batch, type BatchState, isBatchOver, type StoredFile } from './batch.ts';
import type { BatchStore } from './batch-store.ts';
import { batchTaskId, resultFileId } from './ids.ts';
import { isBlank, type Line, linesOf, readRequest, validateLines } from './lines.ts';
import { resultLine } from './openai-json.ts';

export interface BatchWorkerParts {
  readonly store: BatchStore;
  readonly service: TaskService;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Told of failures that leave a batch where it is until the next look. */
  onError(error: unknown): void;
}

/** Lines submitted in one transaction, and tasks cancelled in one go. */
const PAGE = 500;
/** A batch whose tasks end is looked at this long after one did, for all that ended meanwhile. */
const SETTLE_MS = 250;
/** Batches are looked at this often in any case: other processes' news may be lost, and windows close. */
const PATROL_MS = 5_000;
/** And this often where there are none: another process may have died over one of its own. */
const IDLE_PATROL_MS = 30_000;
/** Files past their time are looked for this often. */
const PRUNE_MS = 60 * 60_000;
/** How long results stay, as with OpenAI. */
const KEEP_RESULT_FILE_MS = 30 * 24 * 60 * 60_000;

export class BatchWorker {
  readonly #parts: BatchWorkerParts;
  readonly #underWay = new Map<string, Promise<void>>();
  /** To be looked at once more, because something happened while they were. */
  readonly #again = new Set<string>();
  #timer: unknown;
  #dueMs = Number.POSITIVE_INFINITY;
  #stopWatching: (() => void) | undefined;
  #isClosed = false;
  #pruneDueMs = 0;
  /** Whether any batch may have something to do; nothing is asked of the storage otherwise. */
  #hasBatches = true;

  constructor(parts: BatchWorkerParts) {
    this.#parts = parts;
  }

  /** Goes on with what an earlier process left. */
  start(): void {
    this.#stopWatching = this.#parts.service.subscribe(({ state }) => {
      if (this.#hasBatches && isFinal(state)) this.#lookIn(SETTLE_MS);
    });
    this.#lookIn(0);
  }

  /** A batch was created, or is to be cancelled. */
  wake(): void {
    this.#hasBatches = true;
    this.#lookIn(0);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopWatching?.();
    this.#parts.timers.clearTimeout(this.#timer as never);
    await Promise.all(this.#underWay.values());
  }

  #lookIn(delayMs: number): void {
    const dueMs = this.#parts.clock.now() + delayMs;
    if (this.#isClosed || dueMs >= this.#dueMs) return;
    this.#parts.timers.clearTimeout(this.#timer as never);
    this.#dueMs = dueMs;
    this.#timer = this.#parts.timers.setTimeout(() => {
      this.#dueMs = Number.POSITIVE_INFINITY;
      void this.#look();
    }, delayMs);
  }

  async #look(): Promise<void> {
    try {
      await this.#pruneFiles();
      const batches = await this.#parts.store.unfinishedBatches();
      this.#hasBatches = batches.length > 0;
      for (const { id } of batches) this.#goOn(id);
    } catch (error) {
      this.#parts.onError(error);
    }
    this.#lookIn(this.#hasBatches ? PATROL_MS : IDLE_PATROL_MS);
  }

  async #pruneFiles(): Promise<void> {
    const nowMs = this.#parts.clock.now();
    if (nowMs < this.#pruneDueMs) return;
    this.#pruneDueMs = nowMs + PRUNE_MS;
    await this.#parts.store.pruneFiles(nowMs);
  }

  /** One at a time for each batch. */
  #goOn(id: string): void {
    if (this.#isClosed) return;
    if (this.#underWay.has(id)) {
      this.#again.add(id);
      return;
    }
    const work = this.#advance(id)
      .catch((error: unknown) => this.#parts.onError(error))
      .finally(() => {
        this.#underWay.delete(id);
        if (this.#again.delete(id)) this.#goOn(id);
      });
    this.#underWay.set(id, work);
  }

  /** As many steps as are possible now. */
  async #advance(id: string): Promise<void> {
    for (;;) {
      const batch = await this.#parts.store.batch(id);
      if (batch === undefined || isBatchOver(batch.state) || this.#isClosed) return;
      if (!(await this.#step(batch))) return;
    }
  }

  /** Whether something changed, so that the next step may be possible. */
  #step(batch: Batch): Promise<boolean> {
    switch (batch.state) {
      case 'validating':
        return this.#validate(batch);
      case 'in_progress':
        return batch.submitted < batch.total ? this.#submit(batch) : this.#finishIfEnded(batch);
      case 'cancelling':
        return this.#cancelTasks(batch);
      case 'finalizing':
        return this.#writeResults(batch);
      default:
        return Promise.resolve(false);
    }
  }

  async #validate(batch: Batch): Promise<boolean> {
    const { store } = this.#parts;
    const { allowedModels, endpoint } = batch;
    const content = store.readFile(batch.inputFileId);
    const { total, mistakes } = await validateLines(
      content,
      endpoint,
      (model) => allowedModels?.includes(model) ?? true,
    );
    if (mistakes.length > 0) return this.#reach(batch, 'failed', { total, mistakes });
    return this.#reach(batch, 'in_progress', { total });
  }

  async #submit(batch: Batch): Promise<boolean> {
    const { store, service } = this.#parts;
    let page: NewTask[] = [];
    let submitted = 0;
    const send = async (): Promise<boolean> => {
      if (page.length > 0) await service.submit(page, { isWaitingAllowed: true });
      submitted += page.length;
      page = [];
      if (submitted <= batch.submitted) return true;
      return store.replaceBatch({ ...batch, submitted }, 'in_progress');
    };
    for await (const line of linesOf(store.readFile(batch.inputFileId))) {
      if (isBlank(line)) continue;
      page.push(taskOf(batch, line));
      // Cancelled meanwhile: the rest need not begin.
      if (page.length === PAGE && (this.#isClosed || !(await send()))) return !this.#isClosed;
    }
    await send();
    // Its file was deleted, or has expired: the rest of the requests is nowhere.
    return submitted >= batch.total || this.#reach(batch, 'cancelling');
  }

  async #finishIfEnded(batch: Batch): Promise<boolean> {
    // Not as many as there are lines must have ended: tasks may be cleared, or old ones deleted.
    const { queued, scheduled } = await this.#parts.store.batchCounts(batch.id);
    if (queued + scheduled > 0) return false;
    return this.#reach(batch, 'finalizing');
  }

  async #cancelTasks(batch: Batch): Promise<boolean> {
    const { service, store } = this.#parts;
    for (const state of ['queued', 'scheduled'] as const) {
      for (;;) {
        const { tasks } = await service.list({ batchId: batch.id, state }, { limit: PAGE });
        if (tasks.length === 0) break;
        await Promise.all(tasks.map(({ id }) => service.cancel(id)));
      }
    }
    const files = await this.#writeFiles(batch);
    const counts = await this.#counts(batch.id);
    return store.replaceBatch(this.#reached(batch, 'cancelled', { ...files, counts }), 'cancelling');
  }

  async #writeResults(batch: Batch): Promise<boolean> {
    const files = await this.#writeFiles(batch);
    const counts = await this.#counts(batch.id);
    const isExpired = counts.failed > 0 && this.#parts.clock.now() >= batch.expiresMs;
    return this.#reach(batch, isExpired ? 'expired' : 'completed', { ...files, counts });
  }

  async #writeFiles(batch: Batch): Promise<Pick<Batch, 'outputFileId' | 'errorFileId'>> {
    const output = await this.#writeFile(batch, 'output', ['completed']);
    const errors = await this.#writeFile(batch, 'error', ['failed', 'cancelled']);
    return {
      ...(output.bytes > 0 && { outputFileId: output.id }),
      ...(errors.bytes > 0 && { errorFileId: errors.id }),
    };
  }

  async #writeFile(
    batch: Batch,
    kind: 'output' | 'error',
    states: readonly TaskState[],
  ): Promise<StoredFile> {
    const { store, clock } = this.#parts;
    const id = resultFileId(batch.id, kind);
    const nowMs = clock.now();
    const file = await store.saveFile(
      {
        id,
        filename: `${batch.id}_${kind}.jsonl`,
        purpose: 'batch_output',
        createdMs: nowMs,
        expiresMs: nowMs + KEEP_RESULT_FILE_MS,
        ...(batch.tenant !== undefined && { tenant: batch.tenant }),
      },
      this.#resultLines(batch.id, states),
    );
    if (file.bytes === 0) await store.deleteFile(id);
    return file;
  }

  async *#resultLines(
    batchId: string,
    states: readonly TaskState[],
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const encoder = new TextEncoder();
    for (const state of states) {
      for await (const { tasks } of wholeTasks(this.#parts.service, { batchId, state })) {
        yield encoder.encode(tasks.map(resultLine).join(''));
      }
    }
  }

  async #counts(id: string) {
    const counts = await this.#parts.store.batchCounts(id);
    return { completed: counts.completed, failed: counts.failed };
  }

  #reach(batch: Batch, state: BatchState, facts: Partial<Batch> = {}): Promise<boolean> {
    return this.#parts.store.replaceBatch(this.#reached(batch, state, facts), batch.state);
  }

  #reached(batch: Batch, state: BatchState, facts: Partial<Batch>): Batch {
    return {
      ...batch,
      ...facts,
      state,
      reachedMs: { ...batch.reachedMs, [state]: this.#parts.clock.now() },
    };
  }
}

function taskOf(batch: Batch, line: Line): NewTask {
  const request = readRequest(line, batch.endpoint);
  if (!('customId' in request)) {
    throw new Error(`${batch.inputFileId}, line ${line.line}: ${request.message}`);
  }
  return {
    id: batchTaskId(batch.id, line.line),
    model: request.model,
    input: request.body,
    endpoint: batch.endpoint,
    priority: 'BACKGROUND',
    deadlineMs: batch.expiresMs,
    batchId: batch.id,
    customId: request.customId,
    ...(batch.tenant !== undefined && { tenant: batch.tenant }),
  };
}
