import { describe, expect, it } from 'vitest';
import { aNewTask, queueRooms } from './__fixtures__/queue-room.ts';
import type { TaskChange } from './store/task-store.ts';

const { open } = queueRooms();
const SILENT = { mode: { type: 'swallow' } } as const;

async function aHeldTask() {
  const room = await open();
  const instance = await room.addTaskInstance(SILENT);
  const id = await room.submitOne();
  await expect.poll(() => instance.held).toBe(1);
  return { room, instance, id };
}

describe('a report', () => {
  it('counts once: a duplicate changes nothing', async () => {
    const { room, instance, id } = await aHeldTask();
    const report = { taskId: id, reporter: instance.name, executionMs: 7, result: { n: 1 } };
    expect(await room.service.report(report)).toMatchObject({ type: 'accepted' });
    expect(await room.service.report({ ...report, result: { n: 2 } })).toMatchObject({
      type: 'already-ended',
      task: { state: 'completed' },
    });
    expect(await room.service.get(id)).toMatchObject({
      state: 'completed',
      executionMs: 7,
      result: { n: 1 },
    });
    expect(room.service.queues()[0]!.state).toMatchObject({ tasks: 0, expectedMs: 0 });
  });

  it('may name its instance by UUID, too', async () => {
    const { room, id } = await aHeldTask();
    const reporter = room.instances.list()[0]!.uuid;
    expect(await room.service.report({ taskId: id, reporter, result: {} })).toMatchObject({
      type: 'accepted',
    });
  });

  it('is refused from an instance that does not have the task, and from none at all', async () => {
    const { room, instance, id } = await aHeldTask();
    const other = await room.addTaskInstance();
    expect(await room.service.report({ taskId: id, reporter: other.name })).toEqual({
      type: 'wrong-instance',
      expected: instance.name,
    });
    expect(await room.service.report({ taskId: id, reporter: '10.9.9.9:1' })).toEqual({
      type: 'unknown-instance',
    });
    expect(await room.service.report({ taskId: crypto.randomUUID(), reporter: instance.name })).toEqual({
      type: 'unknown-task',
    });
    expect(await room.service.get(id)).toMatchObject({ state: 'scheduled' });
  });

  it('of a failure fails the task', async () => {
    const { room, instance, id } = await aHeldTask();
    await room.service.report({ taskId: id, reporter: instance.name, failureMessage: 'out of memory' });
    expect(await room.service.get(id)).toMatchObject({
      state: 'failed',
      failure: { code: 'task_failed', message: 'out of memory' },
    });
  });

  it('with a result that is too large fails the task, and says so', async () => {
    const room = await open({ settings: { maxResultBytes: 100 } });
    const instance = await room.addTaskInstance(SILENT);
    const id = await room.submitOne();
    await expect.poll(() => instance.held).toBe(1);
    const result = { text: 'x'.repeat(100) };
    expect(await room.service.report({ taskId: id, reporter: instance.name, result })).toEqual({
      type: 'too-large',
      bytes: 111,
      maxBytes: 100,
    });
    expect(await room.service.get(id)).toMatchObject({
      state: 'failed',
      failure: { code: 'result_too_large' },
    });
  });

  it('that comes late, after the task was cancelled, changes nothing', async () => {
    const { room, instance, id } = await aHeldTask();
    expect(await room.service.cancel(id)).toMatchObject({ state: 'scheduled' });
    expect(await room.service.report({ taskId: id, reporter: instance.name })).toMatchObject({
      type: 'already-ended',
      task: { state: 'cancelled' },
    });
    expect(room.service.queues()[0]!.state.tasks).toBe(0);
  });
});

describe('cancelling', () => {
  it('a task that waits takes it off the books of whom it was planned for', async () => {
    const room = await open({ settings: { maxInFlightPerInstance: 1 } });
    const instance = await room.addTaskInstance({ ...SILENT, replicas: 0 });
    const ids = [await room.submitOne(), await room.submitOne()];
    await expect.poll(() => instance.held).toBe(1);
    expect(room.service.queues()[0]!.state.tasks).toBe(2);
    expect(await room.service.cancel(ids[1]!)).toMatchObject({ state: 'queued' });
    expect(room.service.queues()[0]!.state).toMatchObject({ tasks: 1, expectedMs: 1_000 });
    expect(await room.service.cancel(ids[1]!)).toMatchObject({ state: 'cancelled' });
    expect(await room.service.cancel(crypto.randomUUID())).toBeUndefined();
  });
});

describe('submitting again', () => {
  it('the same gives the same task, something else a conflict; neither is charged', async () => {
    const { room, id } = await aHeldTask();
    const again = aNewTask({ id });
    expect(await room.service.submit([again])).toMatchObject([
      { outcome: { type: 'known', task: { id } }, instance: room.instances.list()[0]!.uuid },
    ]);
    expect(await room.service.submit([{ ...again, input: { prompt: 'else' } }])).toMatchObject([
      { outcome: { type: 'conflict', field: 'task_id' } },
    ]);
    expect(room.service.queues()[0]!.state.tasks).toBe(1);
  });
});

describe('waiting', () => {
  it('gives the task as it is when its time is up, or when the caller leaves', async () => {
    const { room, id } = await aHeldTask();
    expect(await room.service.wait(id, 20)).toMatchObject({ state: 'scheduled' });
    const abort = new AbortController();
    const waiting = room.service.wait(id, 60_000, abort.signal);
    abort.abort();
    expect(await waiting).toMatchObject({ state: 'scheduled' });
    expect(await room.service.wait(crypto.randomUUID(), 60_000)).toBeUndefined();
  });

  it('sees the end that comes while it waits', async () => {
    const { room, instance, id } = await aHeldTask();
    const waiting = [room.service.wait(id, 60_000), room.service.wait(id, 60_000)];
    await room.service.report({ taskId: id, reporter: instance.name, result: 1 });
    for (const task of await Promise.all(waiting)) expect(task).toMatchObject({ state: 'completed' });
  });
});

describe('listeners', () => {
  it('hear of every change of every task, whatever other listeners do', async () => {
    const room = await open();
    const changes: TaskChange[] = [];
    room.service.subscribe(() => {
      throw new Error('not mine');
    });
    const stop = room.service.subscribe((change) => changes.push(change));
    await room.addTaskInstance();
    const id = await room.submitOne();
    await room.service.wait(id, 10_000);
    await expect
      .poll(() => new Set(changes.map(({ state }) => state)))
      .toEqual(new Set(['queued', 'scheduled', 'completed']));
    stop();
    const heard = changes.length;
    await room.service.wait(await room.submitOne(), 10_000);
    expect(changes).toHaveLength(heard);
  });
});

describe('switching the strategy', () => {
  it('forgets nothing of what instances have to do', async () => {
    const { room } = await aHeldTask();
    const before = room.service.queues();
    await room.service.setStrategy('probabilistic');
    expect(room.service.strategy()).toBe('probabilistic');
    expect(room.service.queues()).toEqual(before);
    await expect(room.service.setStrategy('fastest' as never)).rejects.toMatchObject({
      code: 'invalid_value',
      message: expect.stringContaining('"fastest"'),
    });
  });

  it('also switches who predicts', async () => {
    const room = await open();
    expect(room.service.predictMode()).toBe('default');
    await room.service.setPredictMode('lookup_table');
    expect(room.service.predictMode()).toBe('lookup_table');
  });
});

describe('clearing', () => {
  it('leaves nothing, neither in the store nor in the books', async () => {
    const { room, instance, id } = await aHeldTask();
    expect(await room.service.clear()).toBe(1);
    expect(await room.service.get(id)).toBeUndefined();
    expect(room.service.queues()[0]!.state.tasks).toBe(0);
    expect(await room.service.report({ taskId: id, reporter: instance.name })).toEqual({
      type: 'unknown-task',
    });
    await room.submitOne();
    await expect.poll(() => instance.received.length).toBe(2);
  });
});
