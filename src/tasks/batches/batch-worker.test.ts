/** Batches over the real store: what a process left is carried on by the next. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { storeTemplate } from '../store/__fixtures__/template.ts';
import { type OpenTaskStore, openTaskStore } from '../store/index.ts';
import type { TaskSubmission } from '../task.ts';
import type { NewTask, TaskService } from '../task-service.ts';
import { BatchWorker } from './batch-worker.ts';
import type { BatchCall } from './call.ts';
import { createBatchDoor } from './door.ts';

const CLOCK = { now: () => Date.now() };
let store: OpenTaskStore;
const workers: BatchWorker[] = [];

beforeAll(async () => {
  store = await openTaskStore({ memory: true, template: await storeTemplate() });
}, 120_000);
afterAll(() => store.close());
beforeEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.close()));
  await store.clear();
});

/** The store as a service, without anybody who would run the tasks. */
function aService(): TaskService {
  const submission = (task: NewTask): TaskSubmission => ({
    metadata: {},
    fingerprint: task.id,
    priority: 'BACKGROUND',
    maxRetries: 0,
    timeoutMs: 60_000,
    keepResultMs: 60_000,
    submittedMs: Date.now(),
    ...task,
  });
  const used = {
    submit: async (tasks: readonly NewTask[]) =>
      (await store.submit(tasks.map(submission))).map((outcome) => ({ outcome })),
    getMany: (ids: readonly string[]) => store.getMany(ids),
    list: (...asked: Parameters<TaskService['list']>) => store.list(...asked),
    cancel: (id: string) => store.cancel(id),
    subscribe: (listener: Parameters<TaskService['subscribe']>[0]) => store.watch(listener),
  };
  return used as Partial<TaskService> as TaskService;
}

function aWorker(): BatchWorker {
  const onError = (error: unknown) => {
    throw error;
  };
  const worker = new BatchWorker({
    store: store.batches,
    service: aService(),
    clock: CLOCK,
    timers: globalThis,
    onError,
  });
  workers.push(worker);
  worker.start();
  return worker;
}

function aDoor(wake: () => void = () => undefined) {
  const door = createBatchDoor({ clock: CLOCK, store: async () => store.batches, wake });
  return async (method: string, path: string, fields: Partial<BatchCall> = {}) => {
    const call = { method, path, query: new URLSearchParams(), contentType: '', body: new Uint8Array() };
    const { body } = await door.answer({ ...call, ...fields });
    if (typeof body === 'string') return JSON.parse(body) as Record<string, unknown>;
    const pieces = [];
    for await (const piece of body) pieces.push(piece);
    return { text: Buffer.concat(pieces).toString() };
  };
}

async function upload(call: ReturnType<typeof aDoor>, text: string, tenant?: string): Promise<string> {
  const form = new FormData();
  form.set('purpose', 'batch');
  form.set('file', new Blob([text]), 'in.jsonl');
  const encoded = new Response(form);
  const { id } = await call('POST', '/v1/files', {
    contentType: encoded.headers.get('content-type')!,
    body: new Uint8Array(await encoded.arrayBuffer()),
    ...(tenant !== undefined && { tenant }),
  });
  return String(id);
}

const linesFor = (count: number): string =>
  Array.from({ length: count }, (_, index) =>
    JSON.stringify({
      custom_id: `c${index}`,
      method: 'POST',
      url: '/v1/embeddings',
      body: { model: 'm', input: 'x' },
    }),
  ).join('\n');

async function aBatch(call: ReturnType<typeof aDoor>, count: number, tenant?: string): Promise<string> {
  const owner = tenant === undefined ? {} : { tenant };
  const input_file_id = await upload(call, linesFor(count), tenant);
  const wish = { input_file_id, endpoint: '/v1/embeddings', completion_window: '24h' };
  const { id } = await call('POST', '/v1/batches', { body: Buffer.from(JSON.stringify(wish)), ...owner });
  return String(id);
}

const counted = (id: string) => store.batches.batchCounts(id);

async function runAll(): Promise<void> {
  const tasks = await store.claim('m', 1000);
  const attempts = tasks.map(({ id: taskId, attempt }) => ({ taskId, attempt }));
  await store.place(attempts.map((attempt) => ({ ...attempt, instance: 'i', runsIn: 'process' })));
  await store.end(attempts.map((attempt) => ({ ...attempt, type: 'completed', result: 'done' })));
}

describe('a batch', () => {
  it('is carried on by the next process where the first one stopped, and no line runs twice', async () => {
    const call = aDoor();
    const id = await aBatch(call, 600);
    const first = aWorker();
    await expect.poll(async () => (await counted(id)).queued, { timeout: 20_000 }).toBeGreaterThan(0);
    await first.close();
    const second = aWorker();
    await expect.poll(async () => (await counted(id)).queued, { timeout: 20_000 }).toBe(600);
    await runAll();
    second.wake();
    await expect
      .poll(async () => (await store.batches.batch(id))?.state, { timeout: 20_000 })
      .toBe('completed');
    const batch = (await store.batches.batch(id))!;
    expect([batch.counts, batch.errorFileId]).toEqual([{ completed: 600, failed: 0 }, undefined]);
    const { text } = await call('GET', `/v1/files/${batch.outputFileId}/content`);
    expect(String(text).trimEnd().split('\n')).toHaveLength(600);
  }, 60_000);

  it('is seen by its tenant alone, as are its files', async () => {
    const call = aDoor();
    const tenant = randomUUID();
    const id = await aBatch(call, 1, tenant);
    expect(await call('GET', `/v1/batches/${id}`, { tenant })).toMatchObject({ id });
    await expect(call('GET', `/v1/batches/${id}`, { tenant: 'other' })).rejects.toThrow(/No batch/);
    const { data } = (await call('GET', '/v1/files', { tenant })) as { data: { id: string }[] };
    expect(data).toHaveLength(1);
    await expect(call('GET', `/v1/files/${data[0]!.id}`, { tenant: 'other' })).rejects.toThrow(
      /No such File/,
    );
    expect(await call('GET', '/v1/batches', { tenant: 'other' })).toMatchObject({
      data: [],
      has_more: false,
    });
  });

  it('ends where its file is deleted before all of it was submitted', async () => {
    const call = aDoor();
    const id = await aBatch(call, 3);
    const batch = (await store.batches.batch(id))!;
    await store.batches.replaceBatch({ ...batch, state: 'in_progress', total: 3 }, 'validating');
    await store.batches.deleteFile(batch.inputFileId);
    aWorker();
    await expect
      .poll(async () => (await store.batches.batch(id))?.state, { timeout: 20_000 })
      .toBe('cancelled');
  }, 60_000);

  it('ends where its tasks were cleared', async () => {
    const call = aDoor();
    const id = await aBatch(call, 2);
    const worker = aWorker();
    await expect.poll(async () => (await counted(id)).queued, { timeout: 20_000 }).toBe(2);
    await store.clear();
    worker.wake();
    await expect
      .poll(async () => (await store.batches.batch(id))?.state, { timeout: 20_000 })
      .toBe('completed');
    expect((await store.batches.batch(id))?.counts).toEqual({ completed: 0, failed: 0 });
  }, 60_000);

  it('gives up what has not ended when its window closes', async () => {
    const call = aDoor();
    const id = await aBatch(call, 1);
    const batch = (await store.batches.batch(id))!;
    await store.batches.replaceBatch({ ...batch, expiresMs: Date.now() - 1 }, 'validating');
    const worker = aWorker();
    await expect.poll(async () => (await counted(id)).queued, { timeout: 20_000 }).toBe(1);
    for (const { id: taskId, attempt } of await store.overdue(10)) {
      const failure = { code: 'deadline_exceeded', message: 'too late' } as const;
      await store.end([{ taskId, attempt, type: 'failed', failure }]);
    }
    worker.wake();
    await expect
      .poll(async () => (await store.batches.batch(id))?.state, { timeout: 20_000 })
      .toBe('expired');
    const { errorFileId } = (await store.batches.batch(id))!;
    const { text } = await call('GET', `/v1/files/${errorFileId}/content`);
    expect(JSON.parse(String(text))).toMatchObject({ custom_id: 'c0', error: { code: 'batch_expired' } });
  }, 60_000);
});

describe('files', () => {
  it('are deleted when their time is over', async () => {
    const call = aDoor();
    const id = await upload(call, 'x');
    expect(await store.batches.pruneFiles(Date.now())).toBe(0);
    const file = (await store.batches.file(id))!;
    async function* content() {
      yield Buffer.from('y');
    }
    await store.batches.saveFile({ ...file, expiresMs: Date.now() - 1 }, content());
    expect(await store.batches.pruneFiles(Date.now())).toBe(1);
    await expect(call('GET', `/v1/files/${id}`)).rejects.toThrow(/No such File/);
  });
});
