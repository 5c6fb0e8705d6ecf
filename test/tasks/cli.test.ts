import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../bad-input/support/eventually.ts';
import { type Ended, runSignalbox, spawnSignalbox } from '../up/support/signalbox.ts';
import { HOUSE_TOKEN, openTaskHouse, type TaskHouse } from './support/task-house.ts';

const MODEL = 'model-x';
const theHouse = openTaskHouse();

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-tasks-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function inputOf(lines: readonly unknown[], name = 'in.jsonl'): Promise<string> {
  await writeFile(join(folder, name), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return name;
}

const prompts = (count: number) => Array.from({ length: count }, (_, i) => ({ prompt: `say ${i}` }));

interface ResultLine {
  readonly line: number;
  readonly task_id: string;
  readonly status: string;
  readonly result?: { readonly echo: { readonly prompt: string } };
  readonly error?: { readonly code: string; readonly message: string };
}

async function resultsIn(name: string): Promise<readonly ResultLine[]> {
  const text = await readFile(join(folder, name), 'utf8').catch(() => '');
  const whole = text.split('\n').slice(0, -1);
  return whole.map((line) => JSON.parse(line) as ResultLine);
}

const submitArgs = (house: TaskHouse, input: string, ...more: readonly string[]) => [
  ...['submit', '--control', house.controlUrl, '--model', MODEL, '--input', input],
  ...more,
];

function run(args: readonly string[], stdin?: string, env = TOKEN): Promise<Ended> {
  return runSignalbox(args, { cwd: folder, env, ...(stdin !== undefined && { stdin }) });
}

const TOKEN = { SIGNALBOX_CONTROL_TOKEN: HOUSE_TOKEN };
const NO_TOKEN = { SIGNALBOX_CONTROL_TOKEN: '' };

/** Shows what it said where it did not end well; progress is fine. */
function expectDone({ exitCode, stdout, stderr }: Ended): void {
  expect({ exitCode, stdout, stderr: stderr.replaceAll(/^\[.*\n/gm, '') }).toMatchObject({
    exitCode: 0,
    stderr: '',
  });
}

function expectNoStack({ stderr }: Ended): void {
  expect(stderr).not.toMatch(/^\s+at /m);
}

/** A gate that holds back whatever waits for it. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: resolve };
}

describe('signalbox submit', () => {
  it('puts the lines of a file into the queue, and says how to see them', async () => {
    const house = theHouse();
    const instance = await house.addInstance();
    const ended = await run(submitArgs(house, await inputOf(prompts(3))));
    expect(ended).toMatchObject({
      exitCode: 0,
      stdout: `3 tasks in the queue; see them with: signalbox tasks --control ${house.controlUrl} --model ${MODEL}\n`,
    });
    await eventually(() => expect(instance.received).toHaveLength(3));
  });

  it('with --wait writes a line for each result, and submits nothing twice when it is called again', async () => {
    const house = theHouse();
    const instance = await house.addInstance();
    const lines = prompts(600);
    const args = submitArgs(house, await inputOf(lines), '--wait');
    expect(await run(args)).toMatchObject({
      exitCode: 0,
      stdout: '600 of 600 tasks completed, 0 failed; results are in in.jsonl.results.jsonl\n',
    });
    const results = await resultsIn('in.jsonl.results.jsonl');
    expect(new Map(results.map(({ line, result }) => [line, result?.echo]))).toEqual(
      new Map(lines.map((prompt, index) => [index + 1, prompt])),
    );
    expect(await run(args)).toMatchObject({ exitCode: 0 });
    expect(instance.received).toHaveLength(600);
    expect(await resultsIn('in.jsonl.results.jsonl')).toHaveLength(600);
  }, 60_000);

  it('submits the same lines anew under another --run', async () => {
    const house = theHouse();
    const instance = await house.addInstance();
    const input = await inputOf(prompts(2));
    for (const name of ['monday', 'monday', 'tuesday'])
      await run(submitArgs(house, input, '--run', name, '--wait', '--output', `${name}.jsonl`));
    expect(instance.received).toHaveLength(4);
  });

  it('takes lines that are larger together than one call may be', async () => {
    const house = theHouse();
    const instance = await house.addInstance({ result: () => ({ ok: true }) });
    const lines = Array.from({ length: 5 }, (_, i) => ({ prompt: String(i).repeat(3_000_000) }));
    expectDone(await run(submitArgs(house, await inputOf(lines), '--wait')));
    expect(instance.received.map(({ task_input }) => String(task_input.prompt).length)).toEqual(
      lines.map(() => 3_000_000),
    );
  });

  it('reads standard input, and finds the same tasks when it is given the same again', async () => {
    const house = theHouse();
    const instance = await house.addInstance();
    const args = submitArgs(house, '-', '--wait');
    for (let i = 0; i < 2; i++)
      expect(await run(args, '{"prompt":"a"}\n{"prompt":"b"}')).toMatchObject({ exitCode: 0 });
    await run(args, '{"prompt":"c"}\n');
    expect(instance.received.map(({ task_input }) => task_input.prompt).sort()).toEqual(['a', 'b', 'c']);
    expect(await resultsIn('tasks.results.jsonl')).toHaveLength(3);
  });

  it('submits nothing of a file that has mistakes, and names all of them', async () => {
    const house = theHouse();
    const instance = await house.addInstance();
    await writeFile(
      join(folder, 'in.jsonl'),
      '{"prompt":"fine"}\n{broken\n[]\n{"task_input":{},"task_id":"x"}\n',
    );
    const ended = await run(submitArgs(house, 'in.jsonl', '--wait'));
    expect(ended.exitCode).toBe(1);
    for (const place of [
      'in.jsonl:2: ',
      'in.jsonl:3: found []',
      'in.jsonl:4: task_id: found "x", allowed is a UUID',
    ])
      expect(ended.stderr).toContain(place);
    expectNoStack(ended);
    expect(instance.received).toEqual([]);
  });

  it('leaves alone an output that is the input, or holds something else', async () => {
    const house = theHouse();
    const input = await inputOf(prompts(1));
    const onto = await run(submitArgs(house, input, '--wait', '--output', `./${input}`));
    expect(onto).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('is the input') as string });
    await writeFile(join(folder, 'notes.txt'), 'my notes\n');
    const notes = await run(submitArgs(house, input, '--wait', '--output', 'notes.txt'));
    expect(notes.exitCode).toBe(1);
    expect(await readFile(join(folder, 'notes.txt'), 'utf8')).toBe('my notes\n');
  });

  it('writes down why tasks failed, and ends with 1', async () => {
    const house = theHouse();
    await house.addInstance({
      result: ({ task_input }) => (task_input.prompt === 'say 1' ? { error: 'no such word' } : { ok: true }),
    });
    const ended = await run(submitArgs(house, await inputOf(prompts(3)), '--wait'));
    expect(ended).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('2 of 3 tasks completed, 1 failed') as string,
    });
    const failed = (await resultsIn('in.jsonl.results.jsonl')).filter(({ status }) => status === 'failed');
    expect(failed).toMatchObject([{ line: 2, error: { code: 'task_failed', message: 'no such word' } }]);
  });

  it('leaves tasks in the queue at Ctrl-C, says how to come back, and goes on there', async () => {
    const house = theHouse();
    const { passed, open } = gate();
    const instance = await house.addInstance({
      report: async ({ taskId, reporter, executionMs, result }) => {
        const { prompt } = (result as { result: { echo: { prompt: string } } }).result.echo;
        if (prompt !== 'say 0') await passed;
        const report = { task_id: taskId, instance_id: reporter, execution_time: executionMs };
        await house.call('POST', '/result/submit', { ...report, ...(result as object) });
      },
    });
    const args = submitArgs(house, await inputOf(prompts(6)), '--wait');
    const first = spawnSignalbox(args, { cwd: folder, env: TOKEN });
    await eventually(async () => expect(await resultsIn('in.jsonl.results.jsonl')).toHaveLength(1));
    first.kill('SIGINT');
    const ended = await first.ended;
    expect(ended.exitCode).toBe(130);
    expect(ended.stdout).toBe(
      '6 of 6 tasks are in the queue and go on without this command. The results of 1 are in in.jsonl.results.jsonl.\n' +
        'Come back for the other results with the same command; see how far they are with:' +
        ` signalbox tasks --control ${house.controlUrl} --model ${MODEL}\n`,
    );
    expectNoStack(ended);
    open();
    expect(await run(args)).toMatchObject({ exitCode: 0 });
    const lines = (await resultsIn('in.jsonl.results.jsonl')).map(({ line }) => line);
    expect(lines.sort()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(instance.received).toHaveLength(6);
  });

  it('goes on when the server was away for a moment', async () => {
    const house = theHouse();
    const { passed, open } = gate();
    await house.addInstance({
      report: async ({ taskId, reporter, executionMs, result }) => {
        await passed;
        const report = { task_id: taskId, instance_id: reporter, execution_time: executionMs };
        // A connection from before may break at its next use.
        await eventually(() => house.call('POST', '/result/submit', { ...report, ...(result as object) }));
      },
    });
    const submitting = run(submitArgs(house, await inputOf(prompts(4)), '--wait'));
    await eventually(async () => {
      const { tasks } = await house.call<{ tasks: { task_status: string }[] }>('GET', '/task/all_tasks');
      expect(tasks.map(({ task_status }) => task_status)).toEqual(Array(4).fill('scheduled'));
    });
    await house.restart();
    open();
    const ended = await submitting;
    expectDone(ended);
    expect(await resultsIn('in.jsonl.results.jsonl')).toHaveLength(4);
  }, 60_000);

  it.each([
    ['no file', ['--input', 'nowhere.jsonl'], '--input: nowhere.jsonl cannot be read (ENOENT)'],
    ['a model that nobody serves', ['--model', 'nobody'], 'No available instances for model type nobody'],
    ['no such duration', ['--deadline', 'soon'], '--deadline'],
    ['no such class', ['--priority', 'urgent'], 'Allowed choices are CRITICAL'],
    ['no URL', ['--control', 'localhost:8081'], '--control: found "localhost:8081"'],
    ['nobody there', ['--control', 'http://127.0.0.1:1'], 'start one with `signalbox up`'],
  ])('says what is wrong with %s', async (_name, more, message) => {
    const house = theHouse();
    await house.addInstance();
    const ended = await run([...submitArgs(house, await inputOf(prompts(1))), ...more]);
    expect(ended).toMatchObject({ exitCode: 1, stdout: '' });
    expect(ended.stderr).toContain(message);
    expectNoStack(ended);
  });

  it('says that an empty file has no tasks', async () => {
    const house = theHouse();
    expect(await run(submitArgs(house, await inputOf([]), '--wait'))).toMatchObject({
      exitCode: 0,
      stdout: 'in.jsonl has no tasks\n',
    });
  });
});

describe('a control listener with a token', () => {
  it('is asked with the one of --token or SIGNALBOX_CONTROL_TOKEN', async () => {
    const house = theHouse();
    const args = ['tasks', '--control', house.controlUrl];
    expect(await run([...args, '--token', HOUSE_TOKEN], undefined, NO_TOKEN)).toMatchObject({
      exitCode: 0,
      stdout: 'no tasks\n',
    });
    expect(await run(args)).toMatchObject({ exitCode: 0 });
  });

  it.each([[[]], [['--token', 'wrong']]])('is said to want one: %j', async (more) => {
    const house = theHouse();
    const ended = await run(['tasks', '--control', house.controlUrl, ...more], undefined, NO_TOKEN);
    expect(ended).toMatchObject({ exitCode: 1, stdout: '' });
    expect(ended.stderr).toContain('with --token or in $SIGNALBOX_CONTROL_TOKEN');
    expectNoStack(ended);
  });
});

describe('signalbox tasks, task and cancel', () => {
  it('show what is in the queue, and end what is not wanted', async () => {
    const house = theHouse();
    const instance = await house.addInstance();
    instance.mode = { type: 'swallow' };
    const control = ['--control', house.controlUrl];
    await run(submitArgs(house, await inputOf(prompts(3))));
    await eventually(() => expect(instance.received).toHaveLength(3));

    const listed = await run(['tasks', ...control, '--json']);
    const tasks = listed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; state: string });
    expect(tasks.map(({ state }) => state)).toEqual(['scheduled', 'scheduled', 'scheduled']);
    const { id } = tasks[0]!;

    const table = (await run(['tasks', ...control, '--limit', '2'])).stdout.trimEnd().split('\n');
    expect(table[0]).toMatch(/^task +state +model +instance +try +age +took$/);
    expect(table).toHaveLength(3);

    const shown = await run(['task', id, ...control]);
    expect(shown.stdout).toContain(`task       ${id}\nstate      scheduled\n`);
    expect(shown.stdout).toContain('input      {"prompt":"say 2"}');
    expect(JSON.parse((await run(['task', id, ...control, '--json'])).stdout)).toMatchObject({ id });

    expect(await run(['cancel', id, ...control])).toMatchObject({ exitCode: 0, stdout: `${id} cancelled\n` });
    const waited = await run(['task', `task-${id}`, '--wait', ...control]);
    expect(waited.stdout).toContain('state      cancelled\n');
    const left = await run(['tasks', ...control, '--status', 'scheduled', '--json']);
    expect(left.stdout.trim().split('\n')).toHaveLength(2);
  });

  it('name what is not there', async () => {
    const house = theHouse();
    const control = ['--control', house.controlUrl];
    const unknown = '8c7a3f5e-1b2d-4e6f-8a9b-0c1d2e3f4a5b';
    for (const args of [
      ['task', unknown],
      ['task', unknown, '--wait'],
      ['task', 'x'],
      ['cancel', unknown],
    ]) {
      const ended = await run([...args, ...control]);
      expect(ended).toMatchObject({ exitCode: 1, stdout: '' });
      expect(ended.stderr).toContain(args[1]!);
      expectNoStack(ended);
    }
    expect(await run(['tasks', ...control])).toMatchObject({ exitCode: 0, stdout: 'no tasks\n' });
    expect(await run(['tasks', ...control, '--json'])).toMatchObject({ exitCode: 0, stdout: '' });
  });
});
