import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Task } from '../../client/index.ts';
import { openResultFile } from './result-file.ts';

async function pathOf(content?: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-results-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'results.jsonl');
  if (content !== undefined) await writeFile(path, content);
  return path;
}

function aTask(id: string, result: unknown): Task {
  return {
    ...{ id, result, state: 'completed', model: 'm', instance: '', attempt: 1, priority: 'BACKGROUND' },
    ...{ submittedMs: 0, metadata: {}, input: {} },
  };
}

const lineOf = (id: string, status = 'completed') => `{"line":1,"task_id":"${id}","status":"${status}"}\n`;

describe('the file of results', () => {
  it('is made where there is none, and holds a line for each result', async () => {
    const path = await pathOf();
    const file = await openResultFile(path);
    await file.write(aTask('a', { text: 'x' }), 7);
    await file.close();
    expect(await readFile(path, 'utf8')).toBe(
      '{"line":7,"task_id":"a","status":"completed","result":{"text":"x"},"metadata":{}}\n',
    );
  });

  it('knows what an earlier command wrote, and goes on behind it', async () => {
    const path = await pathOf(lineOf('a') + lineOf('b', 'failed'));
    const file = await openResultFile(path);
    await file.write(aTask('c', null), 3);
    await file.close();
    expect([...file.ended]).toEqual([
      ['a', 'completed'],
      ['b', 'failed'],
    ]);
    expect((await readFile(path, 'utf8')).split('\n').map((line) => line.slice(0, 20))).toEqual([
      '{"line":1,"task_id":',
      '{"line":1,"task_id":',
      '{"line":3,"task_id":',
      '',
    ]);
  });

  it.each(['{"line":2,"task_id":"b","status":"completed","result":{"a":{}}', '{"li', '{"line":2,"task_id"'])(
    'cuts off a line that was not finished: %s',
    async (rest) => {
      const path = await pathOf(lineOf('a') + rest);
      const file = await openResultFile(path);
      await file.close();
      expect([...file.ended.keys()]).toEqual(['a']);
      expect(await readFile(path, 'utf8')).toBe(lineOf('a'));
    },
  );

  it.each(['some notes', 'some notes\n', `${lineOf('a')}{"other": 1}\n`, `null\n${lineOf('a')}`])(
    'leaves a file alone that holds something else: %j',
    async (content) => {
      const path = await pathOf(content);
      await expect(openResultFile(path)).rejects.toThrow(/--output: line \d of .* is no result/);
      expect(await readFile(path, 'utf8')).toBe(content);
    },
  );

  it('keeps lines whole that are written at once', async () => {
    const path = await pathOf();
    const file = await openResultFile(path);
    const ids = Array.from({ length: 20 }, (_, i) => `task-${i}`);
    await Promise.all(ids.map((id, i) => file.write(aTask(id, 'x'.repeat(300_000)), i + 1)));
    await file.close();
    const again = await openResultFile(path);
    await again.close();
    expect([...again.ended.keys()]).toEqual(ids);
  });

  it('says that it cannot be written', async () => {
    await expect(openResultFile('/nowhere/results.jsonl')).rejects.toThrow(
      '--output: /nowhere/results.jsonl cannot be written (ENOENT)',
    );
  });
});
