/** `signalbox engine --gguf FILE` as a process of its own. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { reasonToSkip, temporaryFile } from './fixture.ts';
import { tinyGguf } from './tiny-gguf.ts';

const skip = (await reasonToSkip()) !== undefined;
const command = new URL('../../src/cli/engine.ts', import.meta.url).href;
const program = await temporaryFile(
  'program.mjs',
  `import { engineCommand } from '${command}';
  await engineCommand().parseAsync();`,
);

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

interface Run {
  readonly child: ChildProcess;
  output(): string;
  /** Resolves with the exit code. */
  readonly exit: Promise<number>;
}

function run(...flags: string[]): Run {
  const child = spawn(process.execPath, [program, ...flags]);
  started.push(child);
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  return { child, output: () => output, exit: once(child, 'close').then(([code]) => code as number) };
}

async function addressOf({ output }: Run): Promise<string> {
  await expect.poll(output, { timeout: 15_000 }).toMatch(/address {2}http:\S+\/v1\n.*curl/s);
  return output().match(/address {2}(\S+)/)![1]!;
}

describe.skipIf(skip)('signalbox engine --gguf', () => {
  it('serves the file, says so, and ends by itself when told to', async () => {
    const file = await temporaryFile('little.gguf', tinyGguf());
    const engine = run('--gguf', file, '--port', '0', '--sequences', '2', '--threads', '1');
    const address = await addressOf(engine);
    expect(engine.output()).toContain(
      `Signalbox engine (${file}, computed by llama.cpp on the CPU, sequences: 2, threads: 1)`,
    );
    const response = await fetch(`${address}/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'little', prompt: 'abc', max_tokens: 5 }),
    });
    expect(await response.json()).toMatchObject({ usage: { prompt_tokens: 3, completion_tokens: 5 } });
    engine.child.kill('SIGTERM');
    expect(await engine.exit).toBe(0);
  });

  it('serves it under another name and with a smaller context', async () => {
    const file = await temporaryFile('little.gguf', tinyGguf());
    const engine = run('--gguf', file, '--port', '0', '--model', 'chosen', '--context-tokens', '256');
    const models = await (await fetch(`${await addressOf(engine)}/models`)).json();
    expect(models).toMatchObject({ data: [{ id: 'chosen', max_model_len: 256 }] });
  });
});

describe('signalbox engine', () => {
  it.each([
    { flags: ['--gguf', '/no/such.gguf'], says: 'error: There is no model file at /no/such.gguf.' },
    { flags: ['--gguf', 'x', '--sequences', 'many'], says: 'a whole number of at least 1 is allowed' },
    { flags: ['--gguf', 'x', '--simulate', 'llama-3-8b@h100'], says: 'exactly one of: --simulate, --gguf' },
  ])('refuses $flags', async ({ flags, says }) => {
    const engine = run(...flags);
    expect(await engine.exit).toBe(1);
    expect(engine.output()).toContain(says);
  });
});
