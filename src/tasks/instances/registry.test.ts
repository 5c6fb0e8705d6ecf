import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startJsonEngine } from '../__fixtures__/json-engine.ts';
import { OPENING_MS, queueRooms, withoutClose } from '../__fixtures__/queue-room.ts';
import { storeTemplate } from '../store/__fixtures__/template.ts';
import { openTaskStore, type TaskStore } from '../store/index.ts';

const { open, cleanup } = queueRooms();
const SILENT = { mode: { type: 'swallow' } } as const;

describe('registering', () => {
  it('a task instance takes the model that the instance says', async () => {
    const room = await open();
    const { host, port } = await room.addTaskInstance({ model: 'its-own' }, false);
    expect(await room.instances.register({ host, port, model: 'claimed' })).toMatchObject({
      type: 'registered',
      model: 'its-own',
      isNew: true,
    });
    expect(room.service.queues()).toMatchObject([{ model: 'its-own', url: `http://127.0.0.1:${port}` }]);
  });

  it('the same address twice is the same instance', async () => {
    const room = await open();
    const wish = await room.addTaskInstance({}, false);
    const { host, port } = wish;
    const first = await room.instances.register({ host, port });
    const second = await room.instances.register({ host, port });
    expect(second).toEqual({ ...first, isNew: false });
    expect(room.instances.list()).toHaveLength(1);
    expect(room.instances.find(wish.name)).toMatchObject({ uuid: (first as { uuid: string }).uuid });
  });

  it.each(['localhost', '::ffff:127.0.0.1', '[::ffff:7f00:1]'])(
    'the same machine as %s is the same instance',
    async (alias) => {
      const room = await open();
      const instance = await room.addTaskInstance(SILENT, false);
      const { port } = instance;
      for (const [first, second] of [
        ['127.0.0.1', alias],
        [alias, '127.0.0.1'],
      ] as const) {
        const registration = await room.instances.register({ host: first, port });
        expect(await room.instances.register({ host: second, port })).toEqual({
          ...registration,
          isNew: false,
        });
        expect(room.instances.list()).toHaveLength(1);
        const id = await room.submitOne();
        await expect.poll(async () => (await room.service.get(id))?.instance).toBeDefined();
        expect(await room.service.report({ taskId: id, reporter: `${second}:${port}` })).toMatchObject({
          type: 'accepted',
        });
        await room.instances.remove({ host: second, port });
        expect(room.instances.list()).toEqual([]);
      }
    },
  );

  it.each([
    ['localhost', '127.0.0.1'],
    ['127.0.0.1', 'localhost'],
  ])('as %s, an instance is also known as %s: in its reports, and for its removal', async (host, other) => {
    const room = await open();
    const instance = await room.addTaskInstance(SILENT, false);
    const { port } = instance;
    const registered = await room.instances.register({ host, port });
    expect(registered.type).toBe('registered');
    const id = await room.submitOne();
    await expect.poll(() => instance.held).toBe(1);
    const report = { taskId: id, reporter: `${other}:${port}`, result: {} };
    expect(await room.service.report(report)).toMatchObject({ type: 'accepted' });
    expect(await room.service.report({ ...report, reporter: `${other}:${port - 1}` })).toEqual({
      type: 'unknown-instance',
    });
    expect(await room.instances.remove({ host: other, port })).toMatchObject({ host });
  });

  it.each([
    [{ status: 'error' }, 'it says that it is not healthy (instance_status "error")'],
    [{ model: null }, 'it has no model deployed'],
  ])('an instance that is %j is refused', async (how, reason) => {
    const room = await open();
    const { host, port } = await room.addTaskInstance(how, false);
    expect(await room.instances.register({ host, port })).toMatchObject({
      type: 'refused',
      reason: expect.stringContaining(reason),
    });
    expect(room.instances.list()).toEqual([]);
  });

  it.each([
    [{ host: '127.0.0.1', port: 80 }, 'port 80 is not among the allowed ports'],
    [{ host: '169.254.169.254', port: 8000 }, 'never called'],
    [{ host: '8.8.8.8', port: 8000 }, 'not in the allowed ranges'],
    [{ host: 'a/b', port: 8000 }, 'host must be a name or an IP address; found "a/b"'],
    [{ host: 'user@127.0.0.1', port: 8000 }, 'host must be'],
    [{ host: '127.0.0.1', port: 8000.5 }, 'port must be a whole number'],
    [{ host: 'no-such-host.invalid', port: 8000 }, 'no-such-host.invalid'],
  ])('%j is refused', async (wish, reason) => {
    const room = await open();
    expect(await room.instances.register(wish)).toMatchObject({
      type: 'refused',
      reason: expect.stringContaining(reason),
    });
  });

  it('an address where nobody is says that it cannot be reached', async () => {
    const room = await open();
    const gone = await room.addTaskInstance({}, false);
    await gone.kill();
    expect(await room.instances.register({ host: gone.host, port: gone.port })).toMatchObject({
      type: 'refused',
      reason: expect.stringContaining('it cannot be reached'),
    });
  });

  it('a plain engine joins the fleet, at the address that was looked at', async () => {
    const room = await open();
    const engine = await startJsonEngine(() => ({}), ['m1', 'm2']);
    cleanup(() => engine.close());
    const registration = await room.instances.register({ host: 'localhost', port: engine.port, model: 'm2' });
    expect(registration).toMatchObject({ type: 'registered', model: 'm2' });
    expect(room.engines).toMatchObject([
      { id: `localhost:${engine.port}`, url: expect.stringMatching(/^http:\/\/(127\.0\.0\.1|\[::1\]):\d+$/) },
    ]);
    await room.instances.remove({ host: 'localhost', port: engine.port });
    expect(room.engines).toEqual([]);
    expect(room.instances.list()).toEqual([]);
  });
});

describe('removing', () => {
  it('stops new work, lets running tasks report, and lets go after the last', async () => {
    const room = await open();
    const instance = await room.addTaskInstance(SILENT);
    const id = await room.submitOne();
    await expect.poll(() => instance.held).toBe(1);
    const { uuid } = room.instances.list()[0]!;
    expect(await room.instances.remove({ uuid })).toMatchObject({ uuid, isDraining: true });
    const waiting = await room.submitOne();
    expect(room.service.queues()).toMatchObject([{ uuid, isDraining: true }]);
    expect(await room.service.report({ taskId: id, reporter: instance.name, result: 1 })).toMatchObject({
      type: 'accepted',
    });
    await expect.poll(() => room.instances.list()).toEqual([]);
    expect(await room.service.get(waiting)).toMatchObject({ state: 'queued' });
    expect(instance.received).toHaveLength(1);
  });

  it('by host and port, of nobody', async () => {
    const room = await open();
    expect(await room.instances.remove({ host: '127.0.0.1', port: 1 })).toBeUndefined();
  });

  it('is undone by registering again', async () => {
    const room = await open();
    const instance = await room.addTaskInstance(SILENT);
    await room.submitOne();
    await expect.poll(() => instance.held).toBe(1);
    const { host, port } = instance;
    await room.instances.remove({ host, port });
    await room.instances.register({ host, port });
    expect(room.instances.list()).toMatchObject([{ isDraining: false }]);
    await room.submitOne();
    await expect.poll(() => instance.held).toBe(2);
  });
});

describe('several processes on one store', () => {
  it('take a report from an instance that registered with another one a moment ago', async () => {
    const first = await open();
    const instance = await first.addTaskInstance(SILENT, false);
    const shared: TaskStore = {
      ...withoutClose(first.store()),
      durability: { level: 'postgres', survives: '' },
    };
    const second = await open({ openStore: async () => shared });
    const { host, port, name } = instance;
    await first.instances.register({ host, port });
    const id = await first.submitOne();
    await expect.poll(() => instance.held).toBe(1);
    expect(second.instances.list()).toEqual([]);
    expect(await second.service.report({ taskId: id, reporter: name, result: 1 })).toMatchObject({
      type: 'accepted',
    });
    expect(await second.instances.remove({ host, port })).toMatchObject({ port });
  });
});

describe('a restart on the same directory', () => {
  it(
    'knows instances, plans, queue states, strategy and mode again, and goes on',
    async () => {
      const directory = await mkdtemp(join(tmpdir(), 'signalbox-tasks-'));
      cleanup(() => rm(directory, { recursive: true, force: true }));
      const store = await openTaskStore({ directory, template: await storeTemplate() });
      cleanup(() => store.close());
      const settings = { maxInFlightPerInstance: 1 };
      const before = await open({ openStore: async () => withoutClose(store), settings });
      const instance = await before.addTaskInstance({ ...SILENT, replicas: 0 });
      const ids = [await before.submitOne(), await before.submitOne(), await before.submitOne()];
      await expect.poll(() => instance.held).toBe(1);
      await before.service.setStrategy('po2');
      await before.service.setPredictMode('lookup_table');
      const queues = before.service.queues();
      await before.close(0);

      const after = await open({ openStore: async () => withoutClose(store), settings });
      expect(after.instances.list()).toMatchObject([{ host: '127.0.0.1', port: instance.port }]);
      expect(after.service.strategy()).toBe('po2');
      expect(after.service.predictMode()).toBe('lookup_table');
      expect(after.service.queues()).toMatchObject(
        queues.map(({ uuid, state: { tasks, expectedMs, errorMs } }) => ({
          uuid,
          state: { tasks, expectedMs, errorMs: expect.closeTo(errorMs, 6) },
        })),
      );
      // The instance went on; its window is still full.
      expect(instance.received).toHaveLength(1);
      for (const [index, id] of ids.entries()) {
        await expect.poll(() => instance.received.length).toBe(index + 1);
        const taskId = instance.received[index]!.task_id;
        const report = { taskId, reporter: instance.name, result: index };
        expect(await after.service.report(report)).toMatchObject({ type: 'accepted' });
        expect(await after.service.get(id)).toMatchObject({ attempt: 1 });
      }
      expect(await after.service.counts()).toMatchObject({ completed: 3, queued: 0, scheduled: 0 });
      expect(after.service.queues()[0]!.state).toMatchObject({ tasks: 0 });
    },
    OPENING_MS,
  );
});
