import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { aTask } from './__fixtures__/a-task.ts';
import { cuttablePort } from './__fixtures__/cuttable-port.ts';
import { aSchema, asOperator, dropSchemas, POSTGRES_URL, WHY_SKIPPED } from './__fixtures__/postgres.ts';
import { describeTaskStore } from './__fixtures__/suite.ts';
import { openTaskStore, type TaskStoreOptions } from './open.ts';
import type { TaskChange, TaskStore } from './task-store.ts';

if (POSTGRES_URL === undefined) {
  it.skip(`task store on PostgreSQL (${WHY_SKIPPED})`, () => undefined);
} else {
  const url = POSTGRES_URL;
  afterAll(dropSchemas);

  const suiteSchema = aSchema();
  describeTaskStore('PostgreSQL', () => openTaskStore({ url, schema: suiteSchema }));

  describe('several processes on one PostgreSQL', () => {
    const schema = aSchema();
    const open: TaskStore[] = [];

    async function another(options: Partial<TaskStoreOptions> = {}): Promise<TaskStore> {
      const store = await openTaskStore({ url, schema, heartbeatMs: 400, ...options });
      open.push(store);
      return store;
    }

    beforeAll(async () => {
      await (await another()).clear();
    });
    afterEach(async () => {
      await open.at(-1)?.clear();
      await Promise.all(open.splice(0).map((store) => store.close()));
    });

    it('make the tables once when they start at once', async () => {
      const fresh = { schema: aSchema() };
      const stores = await Promise.all(Array.from({ length: 4 }, () => another(fresh)));
      await Promise.all(stores.map((store, n) => store.submit([aTask({ model: `m${n % 2}` })])));
      expect((await stores[0]!.countByState()).queued).toBe(4);
    });

    it('claim no task twice', async () => {
      const stores = [await another(), await another(), await another()];
      await stores[0]!.submit(Array.from({ length: 300 }, () => aTask()));
      const claims = await Promise.all(
        stores.flatMap((store) => Array.from({ length: 20 }, () => store.claim('llama', 5))),
      );
      const ids = claims.flat().map((task) => task.id);
      expect(ids).toHaveLength(300);
      expect(new Set(ids).size).toBe(300);
    });

    it('store one task when the same key comes to both at once', async () => {
      const stores = [await another(), await another()];
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          stores[n % 2]!.submit([aTask({ idempotencyKey: `key ${n >> 1}` })]),
        ),
      );
      expect(outcomes.flat().filter((outcome) => outcome.type === 'stored')).toHaveLength(10);
      expect((await stores[0]!.countByState()).queued).toBe(10);
    });

    it('get through when they store the same tasks in opposite order', async () => {
      const stores = [await another(), await another()];
      const tasks = Array.from({ length: 100 }, () => aTask());
      for (let round = 0; round < 5; round += 1) {
        await stores[0]!.clear();
        const outcomes = await Promise.all([stores[0]!.submit(tasks), stores[1]!.submit(tasks.toReversed())]);
        expect(outcomes.flat().filter((outcome) => outcome.type === 'stored')).toHaveLength(100);
      }
    });

    it('hear of it when one of them changes instances or settings', async () => {
      const [teller, hearer] = [await another(), await another()];
      let heard = 0;
      hearer!.watchShared(() => {
        heard += 1;
      });
      // Once for whatever came before it listened.
      await expect.poll(() => heard).toBe(1);
      const instance = {
        uuid: crypto.randomUUID(),
        url: 'http://127.0.0.1:8000',
        kind: 'task-instance',
        model: 'llama',
        registeredMs: 1,
        facts: {},
      } as const;
      const changes = [
        () => teller!.saveInstance(instance),
        () => teller!.setSetting('key', 'value'),
        () => teller!.deleteInstance(instance.uuid),
      ];
      for (const [index, change] of changes.entries()) {
        await change();
        await expect.poll(() => heard).toBe(index + 2);
      }
      await hearer!.setSetting('key', null);
      await teller!.setSetting('key', null);
      await expect.poll(() => heard).toBe(5);
    });

    it('end a task once, whichever of them hears of it', async () => {
      const stores = [await another(), await another()];
      await stores[0]!.submit([aTask()]);
      const [task] = await stores[0]!.claim('llama', 1);
      await stores[0]!.place([{ taskId: task!.id, attempt: 1, instance: 'i1', runsIn: 'instance' }]);
      const ended = await Promise.all(
        stores.map((store, result) =>
          store.end([{ taskId: task!.id, attempt: 1, type: 'completed', result }]),
        ),
      );
      expect(new Set(ended.flat().map((end) => end.outcome))).toEqual(new Set(['completed', 'unchanged']));
    });

    it('take over what a killed process ran, and leave what its instances run', async () => {
      const store = await another();
      await store.submit([aTask(), aTask(), aTask(), aTask()]);
      const holder = fork(fileURLToPath(new URL('./__fixtures__/holder.ts', import.meta.url)), {
        env: { ...process.env, HOLDER_STORE: JSON.stringify({ url, schema, heartbeatMs: 400 }) },
      });
      const held = await new Promise<{ process: string; instance: string; unplaced: string }>((resolve) =>
        holder.once('message', resolve as (message: unknown) => void),
      );
      const beat = async (): Promise<string[]> =>
        (await store.heartbeat()).returned.map((task) => `${task.id} ${task.state}`);
      expect(await beat()).toEqual([]);
      expect(await store.claim('llama', 10)).toHaveLength(1);
      holder.kill('SIGKILL');
      const returned: string[] = [];
      await expect
        .poll(async () => returned.push(...(await beat())), { interval: 100, timeout: 15_000 })
        .toBeGreaterThan(0);
      expect(returned.toSorted()).toEqual([`${held.process} queued`, `${held.unplaced} queued`].toSorted());
      const again = await store.claim('llama', 10);
      expect(again.map((task) => task.attempt)).toEqual([2, 2]);
      expect(await store.heldBy('i2')).toMatchObject([{ id: held.instance, attempt: 1, state: 'scheduled' }]);
      expect(
        await store.end([{ taskId: held.process, attempt: 1, type: 'completed', result: 1 }]),
      ).toMatchObject([{ outcome: 'unchanged' }]);
    });

    it('tell a process that was silent for too long that it was taken over', async () => {
      let nowMs = 0;
      const [silent, other] = [await another(), await another({ monotonicMs: () => nowMs })];
      await silent.submit([aTask()]);
      const [task] = await silent.claim('llama', 1);
      for (let beats = 0; beats < 4; beats += 1) {
        await other.heartbeat();
        nowMs += 150;
      }
      expect(await other.claim('llama', 1)).toMatchObject([{ id: task!.id, attempt: 2 }]);
      expect(
        await silent.place([{ taskId: task!.id, attempt: 1, instance: 'i', runsIn: 'process' }]),
      ).toEqual(new Set());
      await silent.submit([aTask()]);
      expect(await silent.claim('llama', 1)).toEqual([]);
      expect(await silent.heartbeat()).toEqual({ returned: [], isTakenOver: true });
      expect(await silent.claim('llama', 1)).toHaveLength(1);
      expect(await silent.heartbeat()).toEqual({ returned: [], isTakenOver: false });
    });

    it('return what they hold when they close', async () => {
      const [one, two] = [await another(), await another()];
      await one.submit([aTask()]);
      await one.claim('llama', 1);
      await one.close();
      expect(await two.claim('llama', 1)).toHaveLength(1);
    });

    it('hear of each other’s changes', async () => {
      const [one, two] = [await another(), await another()];
      const heard: TaskChange[] = [];
      two.watch((change) => heard.push(change));
      const tasks = Array.from({ length: 400 }, () => aTask());
      // The listening connection is made in the background; what comes before it is looked up.
      await expect
        .poll(
          async () => {
            await one.submit([aTask()]);
            return heard.length;
          },
          { timeout: 15_000 },
        )
        .toBeGreaterThan(0);
      heard.length = 0;
      await one.submit(tasks);
      await expect
        .poll(() => new Set(heard.map((change) => change.taskId)).size, { timeout: 15_000 })
        .toBeGreaterThanOrEqual(400);
      expect(heard.every((change) => change.state === 'queued' && change.model === 'llama')).toBe(true);
    });

    it('put the sums of connections that are gone together', async () => {
      for (let round = 0; round < 3; round += 1) {
        const store = await openTaskStore({ url, schema });
        await store.submit([aTask({ plannedInstance: 'i1', prediction: { expectedMs: 5, errorMs: 2 } })]);
        await store.close();
      }
      const store = await another();
      for (let beats = 0; beats < 60; beats += 1) await store.heartbeat();
      const shards = await asOperator((client) =>
        client.query(`SELECT DISTINCT shard FROM ${schema}.counts WHERE state = 'queued' AND shard = 0`),
      );
      expect(shards.rows).toEqual([{ shard: 0 }]);
      expect((await store.countByState()).queued).toBe(3);
      expect(await store.loads()).toEqual([
        { instance: 'i1', model: 'llama', tasks: 3, expectedMs: 15, varianceMs2: 12 },
      ]);
    });
  });

  describe('a PostgreSQL that goes away', () => {
    it('is said to be unavailable meanwhile, and used again when it is back', async () => {
      const { hostname, port } = new URL(url);
      const middle = await cuttablePort(hostname, Number(port || 5432));
      const through = new URL(url);
      through.host = `127.0.0.1:${middle.port}`;
      const schema = aSchema();
      const near = await openTaskStore({ url, schema });
      const store = await openTaskStore({ url: through.href, schema });
      const heard: string[] = [];
      store.watch((change) => heard.push(`${change.taskId} ${change.state}`));
      await store.submit([aTask()]);

      middle.cut();
      await expect(store.submit([aTask()])).rejects.toMatchObject({
        code: 'storage_unavailable',
        status: 503,
      });
      await expect(store.claim('llama', 1)).rejects.toMatchObject({ code: 'storage_unavailable' });
      const missed = aTask();
      await near.submit([missed]);
      await near.cancel(missed.id);
      middle.mend();

      const task = aTask();
      await expect
        .poll(
          () =>
            store.submit([task]).then(
              () => true,
              () => false,
            ),
          { timeout: 15_000 },
        )
        .toBe(true);
      expect((await store.get(task.id))!.state).toBe('queued');
      await expect.poll(() => heard, { timeout: 15_000 }).toContain(`${missed.id} cancelled`);
      expect((await near.countByState()).queued).toBe(2);
      await Promise.all([store.close(), near.close()]);
      await middle.close();
    });

    it('is said to be unavailable when it was never there', async () => {
      await expect(openTaskStore({ url: 'postgres://nobody@127.0.0.1:1/none' })).rejects.toMatchObject({
        code: 'storage_unavailable',
      });
    });

    it('does not keep a store from closing', async () => {
      const { hostname, port } = new URL(url);
      const middle = await cuttablePort(hostname, Number(port || 5432));
      const through = new URL(url);
      through.host = `127.0.0.1:${middle.port}`;
      const store = await openTaskStore({ url: through.href, schema: aSchema() });
      middle.cut();
      await store.close();
      await middle.close();
    });
  });

  it('refuses tables that a newer Signalbox made', async () => {
    const schema = aSchema();
    await (await openTaskStore({ url, schema })).close();
    await asOperator((client) => client.query(`INSERT INTO ${schema}.migrations (version) VALUES (999)`));
    await expect(openTaskStore({ url, schema })).rejects.toThrow(/version 999, made by a newer Signalbox/);
  });
}
