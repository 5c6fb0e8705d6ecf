import { describe, expect, it } from 'vitest';
import { aNewTask, queueRooms } from '../__fixtures__/queue-room.ts';

const { open } = queueRooms();
/** Takes tasks and says nothing more of them. */
const SILENT = { mode: { type: 'swallow' } } as const;

describe('tasks on task instances', () => {
  it('are sent as specified, and complete with what the instance reports', async () => {
    const room = await open();
    const instance = await room.addTaskInstance({ result: () => ({ text: 'done' }), workMs: 5 });
    const id = await room.submitOne({ input: { prompt: 'x' }, metadata: { a: 1 } });
    const task = await room.service.wait(id, 10_000);
    expect(task).toMatchObject({ state: 'completed', result: { text: 'done' }, executionMs: 5, attempt: 1 });
    expect(instance.received).toEqual([
      { model_name: 'model-x', task_input: { prompt: 'x' }, metadata: { a: 1 }, task_id: id },
    ]);
  });

  it('are called by the id that the caller gave', async () => {
    const room = await open();
    const instance = await room.addTaskInstance();
    const [first] = [aNewTask({ givenId: 'task-1' })];
    await room.service.submit([first!]);
    await expect.poll(() => instance.received.map(({ task_id }) => task_id)).toEqual(['task-1']);
  });

  it('are never more at an instance than its window, and all complete', async () => {
    const room = await open({ settings: { maxInFlightPerInstance: 3 } });
    const instance = await room.addTaskInstance({ workMs: 200 });
    const tasks = Array.from({ length: 25 }, () => aNewTask());
    await room.service.submit(tasks);
    for (const { id } of tasks) {
      expect(await room.service.wait(id, 10_000)).toMatchObject({ state: 'completed' });
    }
    expect(instance.mostAtOnce).toBeLessThanOrEqual(3);
    expect(instance.mostAtOnce).toBeGreaterThan(1);
    expect(instance.received).toHaveLength(25);
    expect(room.service.queues()).toMatchObject([{ state: { tasks: 0, expectedMs: 0 } }]);
  });

  it('are at least two for each replica', async () => {
    const room = await open({ settings: { maxInFlightPerInstance: 1 } });
    const instance = await room.addTaskInstance({ replicas: 4, ...SILENT });
    await room.service.submit(Array.from({ length: 20 }, () => aNewTask()));
    await expect.poll(() => instance.held).toBe(8);
  });

  it('go to the instance that was planned, which its queue shows', async () => {
    const room = await open();
    await room.addTaskInstance(SILENT);
    await room.addTaskInstance(SILENT);
    const submitted = await room.service.submit([aNewTask(), aNewTask(), aNewTask(), aNewTask()]);
    const tasks = await room.service.getMany(
      submitted.map(({ outcome }) => (outcome.type === 'stored' ? outcome.taskId : '')),
    );
    await expect.poll(async () => (await room.service.counts()).scheduled).toBe(4);
    expect(new Set(tasks.map(({ plannedInstance }) => plannedInstance)).size).toBe(2);
    for (const { state } of room.service.queues())
      expect(state).toMatchObject({ tasks: 2, expectedMs: 2_000 });
  });

  it('are tried elsewhere when an instance fails them, and come back to it only if there is no other', async () => {
    const room = await open();
    const bad = await room.addTaskInstance();
    bad.mode = { type: 'refuse', status: 500 };
    const good = await room.addTaskInstance();
    const tasks = [aNewTask(), aNewTask()];
    await room.service.submit(tasks);
    for (const { id } of tasks) {
      expect(await room.service.wait(id, 10_000)).toMatchObject({ state: 'completed' });
    }
    expect(bad.submissions).toBe(1);
    expect(good.received).toHaveLength(2);
  });

  it.each([
    [400, 'rejected', 1],
    [500, 'retries_exhausted', 3],
    [503, 'retries_exhausted', 3],
  ])('end after an answer of %d as %s, after %d submissions', async (status, code, submissions) => {
    const room = await open();
    const instance = await room.addTaskInstance();
    instance.mode = { type: 'refuse', status };
    const task = await room.service.wait(await room.submitOne({ maxRetries: 2 }), 10_000);
    expect(task).toMatchObject({ state: 'failed', failure: { code } });
    expect(task?.failure?.message).toContain(`answered ${status}`);
    expect(instance.submissions).toBe(submissions);
    expect(room.service.queues()[0]!.state.tasks).toBe(0);
  });

  it('wait for an instance that is full, without using up a retry', async () => {
    const room = await open();
    const instance = await room.addTaskInstance();
    instance.mode = { type: 'refuse', status: 429, headers: { 'retry-after': '0.02' } };
    const id = await room.submitOne({ maxRetries: 0 });
    await expect.poll(() => instance.submissions).toBeGreaterThan(2);
    instance.mode = { type: 'work' };
    expect(await room.service.wait(id, 10_000)).toMatchObject({ state: 'completed' });
  });

  it('stay with an instance that does not say whether it has them: nothing may run twice at once', async () => {
    const room = await open({ settings: { submitTimeoutMs: 30 } });
    const hanging = await room.addTaskInstance();
    hanging.mode = { type: 'hang' };
    const id = await room.submitOne();
    await expect.poll(() => hanging.submissions).toBe(1);
    const other = await room.addTaskInstance();
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(await room.service.get(id)).toMatchObject({ state: 'scheduled', attempt: 1 });
    expect(other.submissions).toBe(0);
    const report = { taskId: id, reporter: hanging.name, result: 'late' };
    expect(await room.service.report(report)).toMatchObject({ type: 'accepted' });
  });

  it('are tried again when no report comes in time', async () => {
    const room = await open();
    const instance = await room.addTaskInstance();
    instance.mode = { type: 'swallow' };
    const id = await room.submitOne({ timeoutMs: 50 });
    await expect.poll(() => instance.received.length).toBe(1);
    instance.mode = { type: 'work' };
    expect(await room.service.wait(id, 10_000)).toMatchObject({ state: 'completed', attempt: 2 });
  });

  it('go elsewhere when their instance dies with them', async () => {
    const room = await open();
    const dying = await room.addTaskInstance({ workMs: 60_000 });
    const tasks = [aNewTask(), aNewTask(), aNewTask()];
    await room.service.submit(tasks);
    await expect.poll(() => dying.held).toBe(3);
    await dying.kill();
    const other = await room.addTaskInstance();
    for (const { id } of tasks) {
      expect(await room.service.wait(id, 10_000)).toMatchObject({ state: 'completed', attempt: 2 });
    }
    expect(other.received).toHaveLength(3);
  });

  it('wait while nobody is there, and go when somebody comes', async () => {
    const room = await open();
    const id = await room.submitOne();
    expect(await room.service.get(id)).toMatchObject({ state: 'queued' });
    await room.addTaskInstance();
    expect(await room.service.wait(id, 10_000)).toMatchObject({ state: 'completed' });
  });

  it('are refused while nobody is there, unless waiting is allowed', async () => {
    const room = await open();
    const refusal = { code: 'no_instance_available', status: 503, message: 'No TaskInstances configured' };
    await expect(room.service.submit([aNewTask()])).rejects.toMatchObject(refusal);
    await room.addTaskInstance();
    await expect(room.service.submit([aNewTask(), aNewTask({ model: 'other' })])).rejects.toMatchObject({
      ...refusal,
      message: 'No available instances for model type other',
    });
    expect((await room.service.counts()).queued).toBe(0);
    expect(room.service.queues()[0]!.state.tasks).toBe(0);
  });
});

describe('time', () => {
  it('begins no task before its time', async () => {
    const room = await open();
    const instance = await room.addTaskInstance();
    const notBeforeMs = Date.now() + 150;
    const id = await room.submitOne({ notBeforeMs });
    await room.service.wait(await room.submitOne(), 10_000);
    expect(instance.received).toHaveLength(1);
    const task = await room.service.wait(id, 10_000);
    expect(task).toMatchObject({ state: 'completed' });
    expect(task!.scheduledMs).toBeGreaterThanOrEqual(notBeforeMs);
  });

  it('fails a task at its deadline, whether it waits or runs', async () => {
    const room = await open();
    const instance = await room.addTaskInstance();
    instance.mode = { type: 'swallow' };
    const deadlineMs = Date.now() + 100;
    const ids = [await room.submitOne({ deadlineMs }), await room.submitOne({ deadlineMs, model: 'nobody' })];
    for (const id of ids) {
      expect(await room.service.wait(id, 10_000)).toMatchObject({
        state: 'failed',
        failure: { code: 'deadline_exceeded' },
      });
    }
    expect(room.service.queues()[0]!.state.tasks).toBe(0);
    expect(await room.service.report({ taskId: ids[0]!, reporter: instance.name })).toMatchObject({
      type: 'already-ended',
    });
  });
});

describe('priorities', () => {
  it('let the more important tasks go first', async () => {
    const room = await open({ settings: { maxInFlightPerInstance: 1 } });
    const order: unknown[] = [];
    await room.service.submit(
      (['BACKGROUND', 'HIGH', 'LOW', 'NORMAL'] as const).map((priority) =>
        aNewTask({ priority, input: { prompt: priority } }),
      ),
      { isWaitingAllowed: true },
    );
    const instance = await room.addTaskInstance({ workMs: 1 });
    await expect.poll(() => instance.received.length).toBe(4);
    order.push(...instance.received.map(({ task_input }) => task_input.prompt));
    expect(order).toEqual(['HIGH', 'NORMAL', 'LOW', 'BACKGROUND']);
  });
});
