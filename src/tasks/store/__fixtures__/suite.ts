/** What every task store does, whatever it keeps its tasks in. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Task, TaskFailure, TaskSummary } from '../../task.ts';
import type { TaskChange, TaskStore } from '../task-store.ts';
import { aTask } from './a-task.ts';

const BROKEN: TaskFailure = { code: 'task_failed', message: 'the engine hiccuped' };
const LATE: TaskFailure = { code: 'deadline_exceeded', message: 'too late' };

/** One store for the whole suite: a cold start of an embedded one takes seconds. */
export function describeTaskStore(name: string, open: () => Promise<TaskStore>): void {
  describe(`task store on ${name}`, () => {
    let store: TaskStore;

    beforeAll(async () => {
      store = await open();
    }, 60_000);
    afterAll(() => store.close());
    beforeEach(async () => {
      await store.clear();
    });

    async function claimOne(model = 'llama'): Promise<Task> {
      const [task] = await store.claim(model, 1);
      if (task === undefined) throw new Error(`nothing is due for ${model}`);
      return task;
    }

    async function placed(instance = 'i1', runsIn: 'process' | 'instance' = 'process'): Promise<Task> {
      const task = await claimOne();
      await store.place([{ taskId: task.id, attempt: task.attempt, instance, runsIn }]);
      return task;
    }

    const idsOf = (tasks: readonly TaskSummary[]): readonly string[] => tasks.map((task) => task.id);

    describe('submit', () => {
      it('keeps every field of a task', async () => {
        const task = aTask({
          givenId: 'task-UPPER',
          idempotencyKey: 'k',
          input: {
            messages: [{ role: 'user', content: 'a "quoted" \\ \u0000 ü 🚂' }],
            n: 12.5,
            nested: { a: null },
          },
          metadata: { trace: ['x'] },
          endpoint: '/v1/chat/completions',
          priority: 'LOW',
          tenant: 'acme',
          notBeforeMs: Date.now() - 1000,
          deadlineMs: Date.now() + 100_000,
          webhook: { url: 'https://example.org/hook' },
          batchId: 'batch_1',
          customId: 'line-1',
          plannedInstance: 'i1',
          prediction: {
            expectedMs: 12.25,
            errorMs: 3.5,
            quantiles: { levels: [0.5, 0.9], values: [12, 20.5] },
          },
        });
        expect(await store.submit([task])).toEqual([{ type: 'stored', taskId: task.id }]);
        expect(await store.get(task.id)).toEqual({ ...task, state: 'queued', attempt: 0 });
      });

      it('gives the same task for the same id and content, and refuses other content', async () => {
        const task = aTask();
        await store.submit([task]);
        const [again, other] = await store.submit([task, { ...task, fingerprint: 'g' }]);
        expect(again).toMatchObject({ type: 'known', task: { id: task.id, state: 'queued' } });
        expect(other).toEqual({ type: 'conflict', taskId: task.id, field: 'task_id' });
        expect((await store.countByState()).queued).toBe(1);
      });

      it('gives the same task for the same key and content, tenant by tenant', async () => {
        const task = aTask({ idempotencyKey: 'k' });
        const outcomes = await store.submit([
          task,
          aTask({ idempotencyKey: 'k' }),
          aTask({ idempotencyKey: 'k', fingerprint: 'g' }),
          aTask({ idempotencyKey: 'k', tenant: 'acme' }),
        ]);
        expect(outcomes).toMatchObject([
          { type: 'stored', taskId: task.id },
          { type: 'known', task: { id: task.id } },
          { type: 'conflict', taskId: task.id, field: 'Idempotency-Key' },
          { type: 'stored' },
        ]);
      });

      it('stores one task when the same submission comes many times at once', async () => {
        const task = aTask({ idempotencyKey: 'k' });
        const outcomes = await Promise.all(
          Array.from({ length: 20 }, (_, index) =>
            store.submit([index % 2 ? task : aTask({ idempotencyKey: 'k' })]),
          ),
        );
        expect(outcomes.flat().filter((outcome) => outcome.type === 'stored')).toHaveLength(1);
        expect((await store.countByState()).queued).toBe(1);
      });

      it('stores the good ones when one of those that came at once cannot be stored', async () => {
        const good = Array.from({ length: 10 }, () => aTask());
        const bad = aTask({ model: 'no \u0000 in a text column' });
        const settled = await Promise.allSettled([...good, bad].map((task) => store.submit([task])));
        expect(settled.map((one) => one.status)).toEqual([...good.map(() => 'fulfilled'), 'rejected']);
        expect((await store.countByState()).queued).toBe(10);
      });

      it('stores all tasks of one call or none', async () => {
        const bad = aTask({ tenant: '\u0000' });
        await expect(store.submit([aTask(), bad, aTask()])).rejects.toThrow();
        expect((await store.countByState()).queued).toBe(0);
      });

      it('takes models of any name', async () => {
        const model = `org/Mödel: "7B" '; --${'x'.repeat(300)}`;
        await store.submit([aTask({ model })]);
        expect(await store.dueModels()).toEqual([model]);
        expect((await claimOne(model)).model).toBe(model);
      });

      it('stores a thousand in one call', async () => {
        const tasks = Array.from({ length: 1000 }, () => aTask());
        const outcomes = await store.submit(tasks);
        expect(outcomes.every((outcome) => outcome.type === 'stored')).toBe(true);
        expect((await store.countByState()).queued).toBe(1000);
        const claimed = await store.claim('llama', 1000);
        expect(idsOf(claimed)).toEqual(idsOf(tasks as never));
      });
    });

    describe('claim', () => {
      it('takes by priority, then age, and only of the model asked for', async () => {
        const tasks = [
          aTask({ priority: 'BACKGROUND' }),
          aTask(),
          aTask({ priority: 'CRITICAL' }),
          aTask(),
          aTask({ model: 'other' }),
        ];
        for (const task of tasks) await store.submit([task]);
        const claimed = await store.claim('llama', 10);
        expect(idsOf(claimed)).toEqual([tasks[2]!.id, tasks[1]!.id, tasks[3]!.id, tasks[0]!.id]);
        expect(claimed[0]).toMatchObject({ state: 'scheduled', attempt: 1, input: { prompt: 'hello' } });
        expect(claimed[0]!.instance).toBeUndefined();
        expect(await store.claim('llama', 10)).toEqual([]);
        expect(await store.claim('unheard-of', 10)).toEqual([]);
      });

      it('gives no task twice to claims at once', async () => {
        await store.submit(Array.from({ length: 40 }, () => aTask()));
        const claims = await Promise.all(Array.from({ length: 10 }, () => store.claim('llama', 8)));
        const ids = claims.flat().map((task) => task.id);
        expect(new Set(ids).size).toBe(ids.length);
        const rest = await store.claim('llama', 40);
        expect(ids.length + rest.length).toBe(40);
      });

      it('does not take what waits for its time, and says when it is due', async () => {
        const notBeforeMs = Date.now() + 700;
        await store.submit([aTask({ notBeforeMs })]);
        expect(await store.dueModels()).toEqual([]);
        expect(await store.nextDueMs()).toBe(notBeforeMs);
        expect(await store.claim('llama', 1)).toEqual([]);
        await expect.poll(() => store.dueModels(), { timeout: 15_000 }).toEqual(['llama']);
        expect(await store.claim('llama', 1)).toHaveLength(1);
        expect(await store.nextDueMs()).toBeUndefined();
      });
    });

    describe('place', () => {
      it('notes the instance, and leaves out what is not ours to send any more', async () => {
        await store.submit([aTask(), aTask()]);
        const [kept, cancelled] = await store.claim('llama', 2);
        await store.cancel(cancelled!.id);
        const prediction = { expectedMs: 70, errorMs: 1 };
        const ours = await store.place([
          { taskId: kept!.id, attempt: 1, instance: 'i1', runsIn: 'instance', prediction },
          { taskId: cancelled!.id, attempt: 1, instance: 'i1', runsIn: 'process' },
        ]);
        expect([...ours]).toEqual([kept!.id]);
        expect(await store.heldBy('i1')).toMatchObject([{ id: kept!.id, instance: 'i1', prediction }]);
        expect(
          await store.place([{ taskId: kept!.id, attempt: 2, instance: 'i2', runsIn: 'process' }]),
        ).toEqual(new Set());
      });
    });

    describe('end', () => {
      it('stores a result once, and a later end of the same try changes nothing', async () => {
        await store.submit([aTask()]);
        const { id: taskId } = await placed();
        const [first] = await store.end([
          { taskId, attempt: 1, type: 'completed', result: { text: 'hi \u0000' }, executionMs: 12.5 },
        ]);
        expect(first).toMatchObject({
          outcome: 'completed',
          task: { state: 'completed', executionMs: 12.5 },
        });
        const [again, failed] = await store.end([
          { taskId, attempt: 1, type: 'completed', result: 'other' },
          { taskId, attempt: 1, type: 'failed', failure: BROKEN },
        ]);
        expect(again).toMatchObject({ outcome: 'unchanged', task: { state: 'completed' } });
        expect(failed).toMatchObject({ outcome: 'unchanged' });
        expect((await store.get(taskId))!.result).toEqual({ text: 'hi \u0000' });
      });

      it('takes one of two ends that come at once', async () => {
        await store.submit([aTask()]);
        const { id: taskId } = await placed();
        const outcomes = await Promise.all(
          ['a', 'b', 'c'].map((result) => store.end([{ taskId, attempt: 1, type: 'completed', result }])),
        );
        expect(outcomes.flat().map((end) => end.outcome)).toEqual(['completed', 'unchanged', 'unchanged']);
        expect((await store.get(taskId))!.result).toBe('a');
      });

      it('keeps a result that is null, and none where none came', async () => {
        await store.submit([aTask(), aTask()]);
        const [one, two] = await store.claim('llama', 2);
        await store.end([
          { taskId: one!.id, attempt: 1, type: 'completed', result: null },
          { taskId: two!.id, attempt: 1, type: 'completed', result: undefined },
        ]);
        expect(await store.get(one!.id)).toHaveProperty('result', null);
        expect(await store.get(two!.id)).not.toHaveProperty('result');
      });

      it('tries again as often as allowed, keeping its place, then fails', async () => {
        await store.submit([aTask({ maxRetries: 1 })]);
        await store.submit([aTask()]);
        const { id: taskId } = await claimOne();
        const retry = { taskId, type: 'retry', failure: BROKEN, retryAfterMs: 0 } as const;
        expect(await store.end([{ ...retry, attempt: 1 }])).toMatchObject([
          { outcome: 'queued', task: { failure: BROKEN, attempt: 1 } },
        ]);
        expect(await claimOne()).toMatchObject({ id: taskId, attempt: 2 });
        expect(await store.end([{ ...retry, attempt: 1 }])).toMatchObject([{ outcome: 'unchanged' }]);
        expect(await store.end([{ ...retry, attempt: 2 }])).toMatchObject([
          { outcome: 'failed', task: { failure: { code: 'retries_exhausted', message: BROKEN.message } } },
        ]);
      });

      it('remembers the instances that failed a task, and since when it waits again', async () => {
        await store.submit([aTask({ maxRetries: 5 })]);
        for (const [index, instance] of ['one', 'two', 'one'].entries()) {
          const { id: taskId, attempt } = await claimOne();
          await store.place([{ taskId, attempt, instance, runsIn: 'process' }]);
          // Nobody is at fault of a return.
          const end =
            index === 1
              ? ({ type: 'returned' } as const)
              : ({ type: 'retry', failure: BROKEN, retryAfterMs: 0 } as const);
          await store.end([{ taskId, attempt, ...end }]);
        }
        const task = await claimOne();
        expect(task.failedAt).toEqual(['one', 'one']);
        expect(task.queuedMs).toBeGreaterThan(0);
      });

      it('waits before it tries again', async () => {
        await store.submit([aTask()]);
        const { id: taskId } = await claimOne();
        await store.end([{ taskId, attempt: 1, type: 'retry', failure: BROKEN, retryAfterMs: 600 }]);
        expect(await store.claim('llama', 1)).toEqual([]);
        expect(await store.dueModels()).toEqual([]);
        expect(await store.nextDueMs()).toBeGreaterThan(0);
        await expect.poll(() => store.claim('llama', 1), { timeout: 15_000 }).toHaveLength(1);
      });

      it('returns without using up a retry', async () => {
        await store.submit([aTask({ maxRetries: 0 })]);
        for (let attempt = 1; attempt <= 3; attempt += 1) {
          const task = await claimOne();
          expect(task.attempt).toBe(attempt);
          await store.end([{ taskId: task.id, attempt, type: 'returned' }]);
        }
        expect((await store.countByState()).queued).toBe(1);
      });

      it('ends a task that waits when its deadline is over, but not by a late failure', async () => {
        const task = aTask({ deadlineMs: Date.now() - 1 });
        await store.submit([task]);
        expect(idsOf(await store.overdue(10))).toEqual([task.id]);
        const end = { taskId: task.id, attempt: 0, type: 'failed' } as const;
        expect(await store.end([{ ...end, failure: BROKEN }])).toMatchObject([{ outcome: 'unchanged' }]);
        expect(await store.end([{ ...end, failure: LATE }])).toMatchObject([{ outcome: 'failed' }]);
        expect(await store.claim('llama', 1)).toEqual([]);
        expect(await store.overdue(10)).toEqual([]);
      });

      it('leaves out tasks that do not exist', async () => {
        expect(await store.end([{ taskId: randomUUID(), attempt: 1, type: 'returned' }])).toEqual([]);
      });

      it('finds tries that take too long', async () => {
        await store.submit([aTask({ timeoutMs: 1 })]);
        const task = await placed('i1', 'instance');
        await expect.poll(() => store.overdue(10).then(idsOf), { timeout: 15_000 }).toEqual([task.id]);
      });
    });

    describe('cancel', () => {
      it('ends what is not final and says how it was before', async () => {
        const task = aTask();
        await store.submit([task]);
        expect(await store.cancel(task.id)).toMatchObject({ state: 'queued' });
        expect(await store.cancel(task.id)).toMatchObject({ state: 'cancelled' });
        expect(await store.claim('llama', 1)).toEqual([]);
        expect(await store.cancel(randomUUID())).toBeUndefined();
      });

      it('leaves a late end without effect', async () => {
        await store.submit([aTask()]);
        const { id: taskId } = await placed();
        expect(await store.cancel(taskId)).toMatchObject({ state: 'scheduled', instance: 'i1' });
        expect(await store.end([{ taskId, attempt: 1, type: 'completed', result: 1 }])).toMatchObject([
          { outcome: 'unchanged', task: { state: 'cancelled' } },
        ]);
      });
    });

    describe('reading', () => {
      it('lists newest first, page by page, by any filter', async () => {
        const tasks = Array.from({ length: 12 }, (_, n) =>
          aTask({
            model: n % 2 ? 'odd' : 'even',
            ...(n % 3 === 0 && { tenant: 'acme' }),
            ...(n < 4 && { batchId: 'b' }),
          }),
        );
        await store.submit(tasks);
        const [claimed] = await store.claim('odd', 1);
        await store.place([{ taskId: claimed!.id, attempt: 1, instance: 'i1', runsIn: 'process' }]);
        const numbers = (found: readonly TaskSummary[]): number[] =>
          found.map((task) => tasks.findIndex((one) => one.id === task.id));
        const all = (filter: Parameters<TaskStore['list']>[0]): Promise<number[]> =>
          store.list(filter, { limit: 100 }).then((page) => numbers(page.tasks));
        expect(await all({})).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
        expect(await all({ model: 'even' })).toEqual([10, 8, 6, 4, 2, 0]);
        expect(await all({ state: 'scheduled' })).toEqual([1]);
        expect(await all({ model: 'odd', state: 'queued' })).toEqual([11, 9, 7, 5, 3]);
        expect(await all({ tenant: 'acme', model: 'odd' })).toEqual([9, 3]);
        expect(await all({ batchId: 'b' })).toEqual([3, 2, 1, 0]);
        expect(await all({ instance: 'i1' })).toEqual([1]);
        const seen: number[] = [];
        for (let cursor: string | undefined; ; ) {
          const page = await store.list({}, { limit: 5, ...(cursor && { cursor }) });
          seen.push(...numbers(page.tasks));
          cursor = page.nextCursor;
          if (cursor === undefined) break;
        }
        expect(seen).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
        await expect(store.list({}, { limit: 5, cursor: 'x' })).rejects.toMatchObject({ param: 'cursor' });
      });

      it('gives those of many that exist', async () => {
        const tasks = [aTask(), aTask()];
        await store.submit(tasks);
        const found = await store.getMany([...tasks.map((task) => task.id), randomUUID()]);
        expect(new Set(idsOf(found))).toEqual(new Set(tasks.map((task) => task.id)));
        expect(await store.get(randomUUID())).toBeUndefined();
      });

      it('charges loads to the planned instance, then to the one that has it, and to nobody at the end', async () => {
        const prediction = { expectedMs: 100.1, errorMs: 0.3 };
        await store.submit([
          aTask({ plannedInstance: 'i1', prediction }),
          aTask({ plannedInstance: 'i1', prediction }),
        ]);
        const load = { model: 'llama', expectedMs: 100.1, varianceMs2: 0.09 };
        expect(await store.loads()).toEqual([
          { ...load, instance: 'i1', tasks: 2, expectedMs: 200.2, varianceMs2: 0.18 },
        ]);
        const task = await placed('i2');
        expect(await store.loads()).toEqual([
          { ...load, instance: 'i1', tasks: 1 },
          { ...load, instance: 'i2', tasks: 1 },
        ]);
        await store.end([{ taskId: task.id, attempt: 1, type: 'completed', result: 1 }]);
        expect(await store.loads()).toEqual([{ ...load, instance: 'i1', tasks: 1 }]);
      });

      it('counts by state', async () => {
        await store.submit([aTask(), aTask(), aTask({ model: 'other' }), aTask()]);
        const [done, failed] = await store.claim('llama', 3);
        await store.end([
          { taskId: done!.id, attempt: 1, type: 'completed', result: 1 },
          { taskId: failed!.id, attempt: 1, type: 'failed', failure: BROKEN },
        ]);
        const expected = { queued: 1, scheduled: 1, completed: 1, failed: 1, cancelled: 0 };
        expect(await store.countByState()).toEqual(expected);
      });
    });

    describe('webhooks', () => {
      it('are due when the task ends, held back while somebody tells them, and told until done', async () => {
        const task = aTask({ webhook: { url: 'https://example.org/hook' } });
        await store.submit([task, aTask()]);
        expect(await store.nextWebhookMs()).toBeUndefined();
        await store.cancel(task.id);
        const [pending] = await store.claimWebhooks(10, 60_000);
        expect(pending).toMatchObject({
          url: 'https://example.org/hook',
          tries: 0,
          task: { id: task.id, state: 'cancelled' },
        });
        expect(await store.claimWebhooks(10, 60_000)).toEqual([]);
        await store.webhookTold(task.id, { type: 'again', afterMs: 0 });
        expect(await store.claimWebhooks(10, 60_000)).toMatchObject([{ tries: 1 }]);
        await store.webhookTold(task.id, { type: 'done' });
        expect(await store.nextWebhookMs()).toBeUndefined();
      });
    });

    describe('retention', () => {
      async function completed(count: number, keepResultMs = 3_600_000): Promise<readonly Task[]> {
        await store.submit(Array.from({ length: count }, () => aTask({ keepResultMs })));
        const tasks = await store.claim('llama', count);
        for (const task of tasks) {
          await store.end([
            { taskId: task.id, attempt: 1, type: 'completed', result: { big: 'x'.repeat(100) } },
          ]);
        }
        return tasks;
      }
      const NEVER = { maxFinishedAgeMs: 1e12, maxFinishedTasks: 1e12, batch: 100 };

      it('deletes final tasks beyond a number, oldest first, in batches, and nothing else', async () => {
        const tasks = await completed(7);
        await store.submit([aTask()]);
        const limits = { ...NEVER, maxFinishedTasks: 2, batch: 3 };
        expect([await store.prune(limits), await store.prune(limits), await store.prune(limits)]).toEqual([
          3, 2, 0,
        ]);
        expect(new Set(idsOf((await store.list({ state: 'completed' }, { limit: 10 })).tasks))).toEqual(
          new Set(idsOf(tasks.slice(5))),
        );
        expect((await store.countByState()).queued).toBe(1);
      });

      it('deletes final tasks beyond an age', async () => {
        await completed(3);
        expect(await store.prune(NEVER)).toBe(0);
        expect(await store.prune({ ...NEVER, maxFinishedAgeMs: -1 })).toBe(3);
        expect((await store.countByState()).completed).toBe(0);
      });

      it('forgets results after their time, and keeps the task', async () => {
        const [task] = await completed(1, 0);
        expect(await store.get(task!.id)).not.toHaveProperty('result');
        expect(await store.prune(NEVER)).toBe(1);
        expect(await store.get(task!.id)).toMatchObject({ state: 'completed' });
      });

      it('clears everything', async () => {
        await completed(2);
        await store.submit([aTask()]);
        expect(await store.clear()).toBe(3);
        expect(await store.list({}, { limit: 10 })).toEqual({ tasks: [] });
        expect(await store.claim('llama', 1)).toEqual([]);
        expect(await store.loads()).toEqual([]);
      });
    });

    it('keeps instances and settings', async () => {
      const instance = {
        uuid: randomUUID(),
        url: 'http://10.0.0.1:8000',
        kind: 'engine',
        model: 'llama',
        registeredMs: 1,
        facts: { gpu: 'h100' },
      } as const;
      await store.saveInstance(instance);
      await store.saveInstance({ ...instance, model: 'other' });
      expect(await store.instances()).toEqual([{ ...instance, model: 'other' }]);
      await store.deleteInstance(instance.uuid);
      expect(await store.instances()).toEqual([]);
      expect(await store.setting('strategy')).toBeUndefined();
      await store.setSetting('strategy', { name: 'po2' });
      await store.setSetting('strategy', { name: 'weighted' });
      expect(await store.setting('strategy')).toEqual({ name: 'weighted' });
    });

    it('tells of every change of a task', async () => {
      const seen: TaskChange[] = [];
      const stop = store.watch((change) => seen.push(change));
      const task = aTask();
      await store.submit([task]);
      await placed();
      await store.end([{ taskId: task.id, attempt: 1, type: 'completed', result: 1 }]);
      stop();
      await store.submit([aTask()]);
      expect(seen.map(({ taskId, model, state }) => ({ taskId, model, state }))).toEqual(
        ['queued', 'scheduled', 'completed'].map((state) => ({ taskId: task.id, model: 'llama', state })),
      );
    });
  });
}
