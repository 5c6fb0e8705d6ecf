import { describe, expect, it } from 'vitest';
import { eventually } from '../bad-input/support/eventually.ts';
import { A_TOKEN, readerOf, WHOLE } from './support/answers.ts';
import { openDirectory } from './support/files.ts';
import { ofTokens, streamOf } from './support/requests.ts';
import { FREE_PORTS, openUps } from './support/up.ts';

const startUp = openUps();
const writeFile = openDirectory();

/** Two seconds of tokens. */
const LONG = 300;

describe('told to stop', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('by %s while nothing runs, ends at once with 0', async (signal) => {
    const up = await startUp(FREE_PORTS);
    expect((await up.chat(ofTokens(1))).status).toBe(200);
    const toldAtMs = performance.now();
    up.kill(signal);
    const { exitCode, stdout } = await up.ended;
    expect(exitCode).toBe(0);
    // Far less than what requests in flight would be given.
    expect(performance.now() - toldAtMs).toBeLessThan(10_000);
    expect(stdout).toMatch(/"finished":0,"aborted":0,"msg":"stopped"/);
  });

  it('during a stream, takes no more, is not ready, lets the stream finish, and ends with 0', async () => {
    const up = await startUp(FREE_PORTS);
    const answer = readerOf(await up.chat(streamOf(LONG)));
    await answer.until(A_TOKEN);
    up.kill('SIGTERM');
    await eventually(async () => {
      const ready = await fetch(`${up.dataUrl}/ready`);
      expect([ready.status, await ready.json()]).toEqual([503, { status: 'stopping' }]);
    });
    const refused = await up.chat(ofTokens(1));
    expect([refused.status, await refused.json()]).toMatchObject([503, { error: { code: 'shutting_down' } }]);

    expect(await answer.rest()).toMatch(WHOLE);
    expect(answer.text.match(/"delta":\{"content"/g)).toHaveLength(LONG);
    const { exitCode, stdout } = await up.ended;
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/"finished":1,"aborted":0,"msg":"stopped"/);
    await expect(fetch(`${up.dataUrl}/health`)).rejects.toThrow();
  });

  it('twice, does not wait for the stream', async () => {
    const up = await startUp(FREE_PORTS);
    const answer = readerOf(await up.chat(streamOf(20_000)));
    await answer.until(A_TOKEN);
    up.kill('SIGTERM');
    await eventually(async () => expect((await fetch(`${up.dataUrl}/ready`)).status).toBe(503));
    up.kill('SIGTERM');
    const { exitCode } = await up.ended;
    expect(exitCode).toBe(130);
    await expect(answer.rest()).rejects.toThrow();
  });

  it('gives a stream only so long as the configuration says, and tells its caller', async () => {
    const config = { shutdown: { graceMs: 200 }, instances: [{ simulate: 'llama-3-8b@h100' }] };
    const file = await writeFile('signalbox.yaml', JSON.stringify(config));
    const up = await startUp(['-c', file, ...FREE_PORTS]);
    const answer = readerOf(await up.chat(streamOf(20_000)));
    await answer.until(A_TOKEN);
    up.kill('SIGTERM');
    expect(await answer.rest()).toMatch(/data: \{"error":\{.*"code":"shutting_down".*\}\}\n\n$/);
    const { exitCode, stdout } = await up.ended;
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/"finished":0,"aborted":1,"msg":"stopped"/);
  });
});
