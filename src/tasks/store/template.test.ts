import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aTask } from './__fixtures__/a-task.ts';
import { storeTemplate } from './__fixtures__/template.ts';
import { EmbeddedDatabase } from './embedded.ts';
import { schemasNamed } from './migrations.ts';
import { openTaskStore } from './open.ts';

describe('a template', () => {
  let base: string;
  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'signalbox-template-'));
  });
  afterAll(() => rm(base, { recursive: true, force: true }));

  it('begins a store in memory and one in a directory', async () => {
    const missing = join(base, 'missing.tar');
    for (const place of [{ memory: true }, { directory: join(base, 'unmade') }] as const) {
      await expect(openTaskStore({ ...place, template: missing })).rejects.toThrow(/missing\.tar/);
    }
  });

  it('is not looked at where there is a store', async () => {
    const directory = join(base, 'made');
    const task = aTask();
    const before = await openTaskStore({ directory, template: await storeTemplate() });
    await before.submit([task]);
    await before.close();

    const after = await openTaskStore({ directory, template: join(base, 'missing.tar') });
    expect(await after.get(task.id)).toMatchObject({ id: task.id, state: 'queued' });
    await after.close();
  }, 60_000);

  it('of the tests has every table and nothing in them but the versions', async () => {
    const database = await EmbeddedDatabase.open({ template: await storeTemplate() });
    const { record, jobs } = schemasNamed('signalbox');
    const tables = await database.query<{ schema: string; name: string }>(
      `SELECT schemaname AS schema, tablename AS name FROM pg_tables WHERE schemaname IN ('${record}', '${jobs}')`,
    );
    const filled: string[] = [];
    for (const { schema, name } of tables) {
      const [row] = await database.query(`SELECT 1 FROM ${schema}.${name} LIMIT 1`);
      if (row !== undefined) filled.push(`${schema}.${name}`);
    }
    await database.close();
    expect(tables.map(({ schema, name }) => `${schema}.${name}`)).toEqual(
      expect.arrayContaining([`${record}.tasks`, `${record}.batches`, `${jobs}.job`]),
    );
    expect(filled.toSorted()).toEqual([`${record}.migrations`, `${jobs}.version`]);
  }, 60_000);
});
