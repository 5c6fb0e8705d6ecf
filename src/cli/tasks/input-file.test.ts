import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type InputTask, readTasks } from './input-file.ts';
import { stableTaskId } from './stable-id.ts';

async function fileOf(content: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-input-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'tasks.jsonl');
  await writeFile(file, content);
  return file;
}

async function tasksIn(content: string): Promise<readonly InputTask[]> {
  const tasks: InputTask[] = [];
  for await (const task of readTasks(await fileOf(content))) tasks.push(task);
  return tasks;
}

const ID = '8c7a3f5e-1b2d-4e6f-8a9b-0c1d2e3f4a5b';

describe('a file of tasks', () => {
  it('takes bare inputs, submissions and lines of OpenAI batches, each by its shape', async () => {
    const content = [
      '{"messages": [{"role": "user", "content": "hi"}]}',
      '',
      `{"task_input": {"a": 1}, "metadata": {"k": "v"}, "endpoint": "/v1/x", "task_id": "task-${ID}", "max_retries": 2}`,
      '{"custom_id": "c1", "method": "POST", "url": "/v1/embeddings", "body": {"input": "x"}}\r',
    ].join('\n');
    expect(await tasksIn(content)).toMatchObject([
      { line: 1, input: { messages: [{ role: 'user', content: 'hi' }] } },
      { line: 3, input: { a: 1 }, metadata: { k: 'v' }, endpoint: '/v1/x', id: `task-${ID}`, maxRetries: 2 },
      { line: 4, input: { input: 'x' }, endpoint: '/v1/embeddings', metadata: { custom_id: 'c1' } },
    ]);
  });

  it.each([
    ['{"a": 1}\n{broken', ':2: '],
    ['[1]', ':1: found [1], allowed is a JSON object'],
    ['null', ':1: found null'],
    ['{"task_input": {}, "task_id": "mine"}', ':1: task_id: found "mine", allowed is a UUID'],
    [
      '{"task_input": {}, "max_retires": 1}',
      ':1: found the field "max_retires", allowed beside task_input are task_id, ',
    ],
    [
      '{"task_input": {}, "priority": "urgent"}',
      ':1: priority: found "urgent", allowed is one of CRITICAL, ',
    ],
    ['1\n{}\n2', ':3: found 2'],
  ])('names the line that is wrong in %j', async (content, message) => {
    await expect(tasksIn(content)).rejects.toThrow(message);
  });

  it('ends lines at line feeds alone: a JSON string may hold what Unicode calls a line separator', async () => {
    const text = 'a\u2028b\u2029c\u0085d';
    expect(await tasksIn(JSON.stringify({ prompt: text }))).toMatchObject([{ input: { prompt: text } }]);
  });

  it('leaves out the mark that some editors put before the first line', async () => {
    expect(await tasksIn('\uFEFF{"a": 1}')).toMatchObject([{ input: { a: 1 } }]);
  });

  it('reads lines that are longer than what comes at a time, with characters across the seam', async () => {
    const prompt = 'é€😀'.repeat(50_000);
    const content = `${JSON.stringify({ prompt })}\n${JSON.stringify({ prompt })}`;
    expect((await tasksIn(content)).map(({ input, line }) => [input.prompt === prompt, line])).toEqual([
      [true, 1],
      [true, 2],
    ]);
  });

  it('says that a file is not there', async () => {
    await expect(readTasks('/nowhere/tasks.jsonl').next()).rejects.toThrow(/--input: .*ENOENT/);
  });
});

describe('a stable id', () => {
  const task = { line: 1, input: { a: 1 } };

  it('is the same UUID for the same line of the same run', () => {
    expect(stableTaskId('run', 'm', task)).toBe(stableTaskId('run', 'm', { ...task }));
    expect(stableTaskId('run', 'm', task)).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });

  it('differs by run, model, line, input and endpoint', () => {
    const ids = [
      stableTaskId('run', 'm', task),
      stableTaskId('other', 'm', task),
      stableTaskId('run', 'n', task),
      stableTaskId('run', 'm', { ...task, line: 2 }),
      stableTaskId('run', 'm', { ...task, input: { a: 2 } }),
      stableTaskId('run', 'm', { ...task, endpoint: '/v1/x' }),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });
});
