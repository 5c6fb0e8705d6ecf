import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';

const COMMAND = new URL('./engine.ts', import.meta.url);
const PROGRAM = `
  const { engineCommand } = await import(${JSON.stringify(COMMAND.href)});
  await engineCommand().parseAsync(process.argv.slice(1), { from: 'user' });
`;

/** The command in a process of its own, as a user runs it. */
function engine(...flags: string[]) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, '--', ...flags], {
    cwd: fileURLToPath(new URL('../..', COMMAND)),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (piece: string) => {
      output[name] += piece;
    });
  }
  const closed = once(child, 'close') as Promise<[number | null, string | null]>;
  return { child, output, closed };
}

async function started(...flags: string[]) {
  const running = engine('--port', '0', ...flags);
  while (!running.output.stdout.includes('curl')) {
    if (running.child.exitCode !== null) throw new Error(running.output.stderr);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const url = /address +(http:\S+)\/v1/.exec(running.output.stdout)![1]!;
  return { ...running, url };
}

describe('signalbox engine --simulate', () => {
  it('serves what its flags say until it is told to stop', async () => {
    const flags = [
      '--as',
      'sglang',
      '--model',
      'mine',
      '--speed',
      '100',
      '--seed',
      '3',
      '--fault',
      'hang:probability=0',
    ];
    const { url, child, closed, output } = await started('--simulate', 'llama-3-70b@h100x8', ...flags);
    expect(await (await fetch(`${url}/get_model_info`)).json()).toMatchObject({ model_path: 'mine' });
    expect(await (await fetch(`${url}/__faults`)).json()).toMatchObject({ active: [{ kind: 'hang' }] });
    const answer = await fetch(`${url}/v1/completions`, { method: 'POST', body: '{"prompt":"hello"}' });
    expect(await answer.json()).toMatchObject({ model: 'mine', object: 'text_completion' });
    child.kill('SIGTERM');
    expect(await closed).toEqual([0, null]);
    expect(output.stderr).toBe('');
  });

  it('lets a request in flight finish before it goes', async () => {
    const { url, child, closed } = await started('--simulate', 'llama-3-8b@h100', '--speed', '2');
    const body = JSON.stringify({ prompt: 'hello', max_tokens: 60, ignore_eos: true });
    const answer = fetch(`${url}/v1/completions`, { method: 'POST', body });
    while (!/num_requests_running\{.*\} 1\n/.test(await (await fetch(`${url}/metrics`)).text()));
    child.kill('SIGINT');
    expect(await (await answer).json()).toMatchObject({ usage: { completion_tokens: 60 } });
    expect(await closed).toEqual([0, null]);
  });
});

describe('mistakes on the command line', () => {
  it.each([
    ['no engine', [], /say which engine to serve with exactly one of: --simulate/],
    ['an unknown profile', ['--simulate', 'llama-3-8b@h10'], /Did you mean 'llama-3-8b@h100'/],
    [
      'an unknown dialect',
      ['--simulate', 'llama-3-8b@h100', '--as', 'tgi'],
      /Allowed choices are vllm, sglang, llamacpp/,
    ],
    [
      'an unknown fault',
      ['--simulate', 'llama-3-8b@h100', '--fault', 'explode'],
      /unknown fault "explode"; allowed: /,
    ],
    [
      'a port that is none',
      ['--simulate', 'llama-3-8b@h100', '--port', '70000'],
      /a whole number from 0 to 65535 is allowed/,
    ],
    ['a speed of 0', ['--simulate', 'llama-3-8b@h100', '--speed', '0'], /a number above 0 is allowed/],
    ['half a seed', ['--simulate', 'llama-3-8b@h100', '--seed', '0.5'], /a whole number is allowed/],
    [
      'an address that is not ours',
      ['--simulate', 'llama-3-8b@h100', '--host', '192.0.2.1'],
      /EADDRNOTAVAIL/,
    ],
  ])('%s: said in words, exit code 1', async (_, flags, message) => {
    const { closed, output } = engine(...flags);
    expect(await closed).toEqual([1, null]);
    expect(output.stderr).toMatch(message);
    expect(output.stderr).not.toMatch(/at .*\.ts:\d+/);
    expect(output.stdout).toBe('');
  });
});
