import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SseTarget, startSseTarget, streaming } from './__fixtures__/sse-target.ts';

const RUNNER = fileURLToPath(new URL('./__fixtures__/run-replay.ts', import.meta.url));

let directory: string;
let trace: string;
let target: SseTarget | undefined;
let child: ChildProcessWithoutNullStreams | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signalbox-replay-'));
  trace = join(directory, 'trace.csv');
  await writeFile(trace, 'time_s,client,prompt_tokens,output_tokens\n0,a,5,2\n0.01,b,5,2\n600,c,5,2');
});

afterEach(async () => {
  if (child?.exitCode === null) child.kill('SIGKILL');
  await target?.close();
  target = undefined;
  await rm(directory, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(...args: readonly string[]): Promise<Ended> {
  const process_ = spawn(process.execPath, [RUNNER, ...args], {
    env: { ...process.env, SIGNALBOX_API_KEY: 'from-env' },
  });
  child = process_;
  const read = async (stream: AsyncIterable<Buffer>): Promise<string> => {
    let text = '';
    for await (const chunk of stream) text += chunk;
    return text;
  };
  return Promise.all([once(process_, 'exit'), read(process_.stdout), read(process_.stderr)]).then(
    ([[code], stdout, stderr]) => ({ code: code as number | null, stdout, stderr }),
  );
}

describe('signalbox replay', () => {
  it('ends with 0 and its table', async () => {
    target = await startSseTarget(streaming());
    const { code, stdout, stderr } = await start('--trace', trace, '--target', target.url, '--limit', '2');
    expect(stderr).toContain('replaying 2 requests');
    expect(stdout).toContain('2 sent · 2 completed · 0 failed');
    expect(code).toBe(0);
    expect(target.seen[0]?.headers.authorization).toBe('Bearer from-env');
  });

  it('ends with 1 when no request was answered', async () => {
    target = await startSseTarget((_request, response) => response.writeHead(500).end());
    const { code, stdout } = await start('--trace', trace, '--target', target.url, '--skip', '2');
    expect(stdout).toContain('1 × http 500');
    expect(code).toBe(1);
  });

  it('ends with 1 and one line when the target is not there', async () => {
    target = await startSseTarget(streaming());
    const { url } = target;
    await target.close();
    const { code, stdout, stderr } = await start('--trace', trace, '--target', url);
    expect(stderr).toBe(
      `error: cannot reach ${url}: connection refused, nothing listens there (ECONNREFUSED)\n`,
    );
    expect(stdout).toBe('');
    expect(code).toBe(1);
  });

  it('ends with 2 and one line when the command line is wrong', async () => {
    const { code, stderr } = await start('--trace', trace, '--speed', 'fast');
    expect(stderr).toBe('error: --speed is "fast": give a number above zero\n');
    expect(code).toBe(2);
  });

  it.skipIf(process.platform === 'win32')('survives Ctrl-C with a partial report and 130', async () => {
    target = await startSseTarget(streaming());
    const json = join(directory, 'report.json');
    const ended = start('--trace', trace, '--target', target.url, '--json', json);
    await expect.poll(() => target?.seen.length, { timeout: 15_000 }).toBe(2);
    child?.kill('SIGINT');
    const { code, stdout } = await ended;
    expect(stdout).toContain('Interrupted: partial replay of trace.csv');
    expect(stdout).toMatch(/requests +2 sent/);
    expect(JSON.parse(await readFile(json, 'utf8'))).toMatchObject({
      interrupted: true,
      requests: { planned: 3, sent: 2 },
    });
    expect(code).toBe(130);
  });

  it.skipIf(process.platform === 'win32')('drops what is in flight at Ctrl-C', async () => {
    target = await startSseTarget((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': wait\n\n');
    });
    const ended = start('--trace', trace, '--target', target.url);
    await expect.poll(() => target?.seen.length, { timeout: 15_000 }).toBe(2);
    child?.kill('SIGINT');
    const { code, stdout } = await ended;
    expect(stdout).toContain('2 sent · 0 completed · 0 failed · 2 aborted');
    expect(code).toBe(130);
    expect(target.droppedByClient()).toBe(2);
  });

  it.skipIf(process.platform === 'win32')('ends at SIGTERM the same way, with 143', async () => {
    target = await startSseTarget(streaming());
    const ended = start('--trace', trace, '--target', target.url);
    await expect.poll(() => target?.seen.length, { timeout: 15_000 }).toBe(2);
    child?.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 143, stdout: expect.stringContaining('Interrupted') });
  });
});
