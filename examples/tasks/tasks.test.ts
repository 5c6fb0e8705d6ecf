import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { check } from '../../src/cli/check.ts';
import { loadStrategyModule } from '../../src/cli/up/strategy-module.ts';
import { TaskClient } from '../../src/client/index.ts';
import type { Candidate } from '../../src/tasks/index.ts';
import { eventually } from '../../test/bad-input/support/eventually.ts';
import { HOUSE_TOKEN, openTaskHouse } from '../../test/tasks/support/task-house.ts';
import { strategy } from './quiet-first.ts';
import { main as submit } from './submit.ts';
import { main as startInstance } from './task-instance.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const theHouse = openTaskHouse({ instances: [{ simulate: 'llama-3-8b@h100' }] });

const client = () => new TaskClient({ baseUrl: theHouse().controlUrl, token: HOUSE_TOKEN });
const here = () => ({ control: theHouse().controlUrl, token: HOUSE_TOKEN });

/** What is printed until the test ends. */
function printed(): () => string {
  const spy = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  onTestFinished(() => spy.mockRestore());
  return () => spy.mock.calls.map(([text]) => String(text)).join('');
}

it('are all tried here', () => {
  const files = readdirSync(folder).filter((name) => !name.endsWith('.test.ts'));
  expect(files.sort()).toEqual(['queue.yaml', 'quiet-first.ts', 'submit.ts', 'task-instance.ts']);
});

it('submit.ts submits, waits and prints an answer to each question', async () => {
  await eventually(async () => expect(await client().queues('llama-3-8b')).not.toEqual([]));
  const text = printed();
  await submit(here());
  expect(text()).toMatch(
    /^What does a signal box do\?\n {2}\w.*\nWho pulls the levers\?\n {2}\w.*\nWhat is a block section\?\n {2}\w/,
  );
});

it('task-instance.ts registers, works, says what failed, and leaves', async () => {
  const text = printed();
  const stop = await startInstance(here());
  const words = await client().submit({ model: 'word-count', input: { text: 'one two  three' } });
  const none = await client().submit({ model: 'word-count', input: { text: 3 } });
  expect((await client().wait(words.id)).result).toEqual({ words: 3 });
  expect(await client().wait(none.id)).toMatchObject({
    state: 'failed',
    failure: { code: 'task_failed', message: 'text must be a string' },
  });
  await stop();
  expect(await client().queues('word-count')).toEqual([]);
  expect(text()).toContain(
    '/ti/register: success, TaskInstance registered successfully for model word-count',
  );
});

describe('quiet-first.ts', () => {
  const at = (uuid: string, tasks: number, expectedMs: number, errorMs = 0): Candidate => ({
    uuid,
    queue: { tasks, expectedMs, errorMs },
    prediction: { expectedMs: 100, errorMs: 0 },
  });

  it('prefers an instance with nothing to do, then the one that should be done first', () => {
    expect(strategy.choose([at('a', 1, 5), at('b', 0, 0)], 'm')).toBe(1);
    expect(strategy.choose([at('a', 1, 90), at('b', 1, 80, 50)], 'm')).toBe(0);
  });

  it('can be named in the configuration', async () => {
    const loaded = await loadStrategyModule(`${folder}quiet-first.ts`, { next: () => 0 });
    expect(loaded.name).toBe('quiet-first');
  });
});

it('queue.yaml is valid, with the strategy that it names, and says how it is started', async () => {
  let said = '';
  const output = { env: {}, write: (text: string) => (said += text) };
  const file = `${folder}queue.yaml`;
  expect([await check(file, {}, output), said]).toEqual([0, expect.stringContaining('is valid')]);
  expect(said).not.toContain('warning');
  expect(readFileSync(file, 'utf8')).toContain('signalbox up -c examples/tasks/queue.yaml');
});

it('a strategy that cannot be loaded is a mistake of the configuration', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'signalbox-check-'));
  onTestFinished(() => rmSync(empty, { recursive: true }));
  writeFileSync(`${empty}/a.yaml`, 'tasks:\n  maxRetries: 1\n  strategy: ./nowhere.ts\n');
  let said = '';
  const code = await check(`${empty}/a.yaml`, {}, { env: {}, write: (text) => (said += text) });
  expect([code, said]).toEqual([1, expect.stringContaining('a.yaml:3:1: mistake: tasks.strategy: ')]);
});
