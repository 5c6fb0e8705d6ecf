import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../test/bad-input/support/eventually.ts';
import { openDirectory } from '../../test/up/support/files.ts';
import { type LookupFile, type LookupFileNews, readLookupTable, watchLookupTable } from './lookup-file.ts';

const write = openDirectory();
const opened: LookupFile[] = [];

afterEach(() => {
  for (const file of opened.splice(0)) file.close();
});

const tableOf = (...expected: number[]) =>
  JSON.stringify(
    expected.map((ms) => ({
      status: 'success',
      model_type: 'm',
      expect: ms,
      quantiles: [0.5],
      quantile_predictions: [ms],
    })),
  );

async function watch(path: string) {
  const news: LookupFileNews[] = [];
  const sizes: number[] = [];
  const file = await watchLookupTable(path, {
    pollMs: 10,
    onTable: (table) => sizes.push(table.statistics().total_records),
    onNews: (each) => news.push(each),
  });
  opened.push(file);
  return { file, news, sizes };
}

describe('a file with a table', () => {
  it.each([
    ['times.json', tableOf(5, 6)],
    ['times.CSV', 'model_type,expect\nm,5\nm,6\n'],
  ])('%s is read', async (name, content) => {
    const table = await readLookupTable(await write(name, content));
    expect(table.statistics().total_records).toBe(2);
  });

  it.each([
    ['times.json', '[{"expect": -1}]', 'times.json, record 1: expect must be a number above 0, found -1'],
    ['times.csv', 'model_type,expect\nm,x\n', 'times.csv, row 1: expect must be a number above 0, found "x"'],
    ['times.txt', '', 'times.txt: its name must end with .json or .csv'],
  ])('%s with a mistake is refused by its name: %j', async (name, content, message) => {
    await expect(readLookupTable(await write(name, content))).rejects.toThrow(message);
  });

  it('that is not there is no empty table', async () => {
    const folder = dirname(await write('other.json', '[]'));
    await expect(readLookupTable(join(folder, 'times.json'))).rejects.toThrow('ENOENT');
  });
});

describe('a file that changes', () => {
  it('is read again', async () => {
    const { file, sizes, news } = await watch(await write('times.json', tableOf(5)));
    expect(file.table.statistics().total_records).toBe(1);
    const path = await write('times.json', tableOf(5, 6, 7));
    await eventually(() => expect(sizes).toEqual([3]));
    expect(news).toEqual([{ kind: 'reloaded', message: `${path} was read again: 3 records` }]);
  });

  it('for the worse, or goes, leaves the table as it was and says so', async () => {
    const path = await write('times.json', tableOf(5));
    const { sizes, news } = await watch(path);
    await write('times.json', '[{"expect": "soon"}]');
    await eventually(() =>
      expect(news.at(-1)?.message).toContain('record 1: expect must be a number above 0'),
    );
    await rm(path);
    await eventually(() => expect(news.at(-1)?.message).toContain('ENOENT'));
    await write('times.json', tableOf(5, 6));
    await eventually(() => expect(sizes).toEqual([2]));
    expect(news.map(({ kind }) => kind)).toEqual(['not-reloaded', 'not-reloaded', 'reloaded']);
  });

  it('is left alone once it is closed', async () => {
    const { file, sizes } = await watch(await write('times.json', tableOf(5)));
    file.close();
    await write('times.json', tableOf(5, 6));
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(sizes).toEqual([]);
  });
});
