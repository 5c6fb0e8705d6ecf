import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseReplayOptions, type RawReplayOptions } from '../../src/cli/replay/options.ts';
import type { ReplayReport } from '../../src/cli/replay/report.ts';
import { runReplay } from '../../src/cli/replay/run.ts';
import { type SeenRequest, type SseTarget, startSseTarget, streaming } from './__fixtures__/sse-target.ts';

let directory: string;
let target: SseTarget | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signalbox-replay-'));
});

afterEach(async () => {
  await target?.close();
  target = undefined;
  await rm(directory, { recursive: true, force: true });
});

async function traceFile(text: string): Promise<string> {
  const file = join(directory, 'trace');
  await writeFile(file, text);
  return file;
}

/** `client` is the tenant; times in seconds. */
function vtcTrace(rows: readonly (readonly [number, string, number, number])[]): string {
  return `time_s,client,prompt_tokens,output_tokens\n${rows.map((row) => row.join(',')).join('\n')}`;
}

interface Played {
  readonly report: ReplayReport;
  readonly stdout: string;
  readonly stderr: string;
}

async function replay(
  given: Partial<RawReplayOptions> & { readonly trace: string },
  signal?: AbortSignal,
): Promise<Played> {
  const out: string[] = [];
  const err: string[] = [];
  const options = parseReplayOptions({ target: target?.url ?? '', ...given });
  const report = await runReplay(options, {
    stdout: { write: (text) => out.push(text) },
    stderr: { write: (text) => err.push(text) },
    interrupt: signal ?? new AbortController().signal,
  });
  return { report, stdout: out.join(''), stderr: err.join('') };
}

const content = ({ body }: SeenRequest): string => body.messages?.[0]?.content ?? '';

describe('what is sent', () => {
  it('is a streaming chat of the lengths that the trace tells', async () => {
    target = await startSseTarget(streaming());
    await replay({ trace: await traceFile(vtcTrace([[0, 'blue', 30, 4]])) });
    const [request] = target.seen;
    expect(request?.path).toBe('/v1/chat/completions');
    expect(request?.body).toEqual({
      model: 'tiny',
      messages: [{ role: 'user', content: expect.stringMatching(/^( [a-z]{3}){30}$/) }],
      max_tokens: 4,
      ignore_eos: true,
      stream: true,
      stream_options: { include_usage: true },
      user: 'blue',
    });
    expect(request?.headers).toMatchObject({
      'content-type': 'application/json',
      accept: 'text/event-stream',
    });
    expect(request?.headers).not.toHaveProperty('authorization');
  });

  it('is a plain completion on demand, below a base path, with key and headers', async () => {
    target = await startSseTarget(streaming(), { basePath: '/llm' });
    const { report } = await replay({
      trace: await traceFile(vtcTrace([[0, '', 30, 4]])),
      target: `${target.url}/v1`,
      endpoint: 'completions',
      apiKey: 'sk-1',
      header: ['X-Signalbox-Priority: HIGH'],
      ignoreEos: false,
    });
    expect(report.requests).toMatchObject({ completed: 1, otherLength: 0 });
    const [request] = target.seen;
    expect(request?.path).toBe('/llm/v1/completions');
    expect(request?.headers).toMatchObject({ authorization: 'Bearer sk-1', 'x-signalbox-priority': 'HIGH' });
    expect(request?.body).toEqual({
      model: 'tiny',
      prompt: expect.stringMatching(/^( [a-z]{3}){30}$/),
      max_tokens: 4,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('shares prefixes as the hash ids do', async () => {
    target = await startSseTarget(streaming());
    const line = (timestamp: number, ids: readonly number[], tokens: number): string =>
      JSON.stringify({ timestamp, input_length: tokens, output_length: 1, hash_ids: ids });
    const trace = await traceFile(
      [line(0, [0, 1], 1000), line(5, [0, 2], 900), line(10, [3], 512)].join('\n'),
    );
    await replay({ trace, concurrency: '1' });
    const [first, second, third] = target.seen.map(content) as [string, string, string];
    expect([first, second, third].map((text) => text.length)).toEqual([4000, 3600, 2048]);
    expect(first.slice(0, 2048)).toBe(second.slice(0, 2048));
    expect(first.slice(2048, 2080)).not.toBe(second.slice(2048, 2080));
    expect(third.slice(0, 32)).not.toBe(first.slice(0, 32));
  });

  it('is the same again with the same seed, and another text with another', async () => {
    target = await startSseTarget(streaming());
    const trace = await traceFile(vtcTrace([[0, '', 50, 1]]));
    for (const seed of ['1', '1', '2']) await replay({ trace, seed });
    const [first, again, other] = target.seen.map(content);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  it('is cut as told: skipped, limited, capped', async () => {
    target = await startSseTarget(streaming());
    const rows = Array.from({ length: 6 }, (_, index) => [index / 100, '', 10 + index, 20 + index] as const);
    const { report } = await replay({
      trace: await traceFile(vtcTrace(rows)),
      offset: '2',
      limit: '3',
      concurrency: '1',
      maxTokensCap: '23',
      promptTokensCap: '13',
    });
    expect(target.seen.map((one) => [content(one).length / 4, one.body.max_tokens])).toEqual([
      [12, 22],
      [13, 23],
      [13, 23],
    ]);
    expect(report.trace).toMatchObject({ requests: 3, spanMs: expect.closeTo(20, 6), promptTokens: 38 });
    expect(report.requests).toMatchObject({ planned: 3, sent: 3, completed: 3 });
  });

  it('keeps the distances of the trace, divided by the speed', async () => {
    target = await startSseTarget(streaming());
    const trace = await traceFile(vtcTrace([0, 1, 1, 3].map((second) => [second, '', 5, 1])));
    const beforeMs = performance.now();
    const { report } = await replay({ trace, speed: '10' });
    const atMs = target.seen.map((request) => request.atMs - beforeMs).sort((left, right) => left - right);
    for (const [index, wanted] of [0, 100, 100, 300].entries())
      expect(atMs[index]).toBeGreaterThanOrEqual(wanted);
    expect(report.durationMs).toBeLessThan(3000);
  });

  it('is one after the other with a concurrency of one', async () => {
    let inFlight = 0;
    let most = 0;
    target = await startSseTarget(async (request, response, index) => {
      most = Math.max(most, ++inFlight);
      await streaming({ firstTokenMs: 30 })(request, response, index);
      inFlight -= 1;
    });
    const trace = await traceFile(vtcTrace([0, 0, 0, 0].map((second) => [second, '', 5, 1])));
    const { report, stdout } = await replay({ trace, concurrency: '1' });
    expect(most).toBe(1);
    expect(report.generator.heldBack).toBe(3);
    expect(report.latencies.ttftMs?.max).toBeGreaterThan(110);
    expect(stdout).toContain('--concurrency held back 3 requests');
  });
});

describe('what is measured', () => {
  it('is the first token, the pace, the end, and where it ran', async () => {
    target = await startSseTarget((request, response, index) =>
      streaming({
        firstTokenMs: 150,
        perTokenMs: 100,
        headers: { 'x-signalbox-instance': index < 2 ? 'a' : 'b', 'x-signalbox-queue-ms': '12.5' },
        usage: { prompt_tokens: 9, completion_tokens: 6, prompt_tokens_details: { cached_tokens: 3 } },
      })(request, response, index),
    );
    const { report } = await replay({
      trace: await traceFile(vtcTrace([0, 0.02, 0.04].map((at) => [at, '', 5, 6]))),
    });
    const { ttftMs, tpotMs, e2eMs, queueMs } = report.latencies;
    expect(ttftMs?.min).toBeGreaterThanOrEqual(149);
    expect(ttftMs?.max).toBeLessThan(2000);
    expect(tpotMs?.min).toBeGreaterThan(60);
    expect(tpotMs?.max).toBeLessThan(600);
    expect(e2eMs?.min).toBeGreaterThanOrEqual(149 + 5 * 99);
    expect(queueMs).toMatchObject({ count: 3, mean: 12.5 });
    expect(report.throughput).toMatchObject({ promptTokens: 27, outputTokens: 18, cachedTokens: 9 });
    expect(report.instances.map(({ id, requests, outputTokens }) => [id, requests, outputTokens])).toEqual([
      ['a', 2, 12],
      ['b', 1, 6],
    ]);
    expect(report.durationMs).toBeGreaterThan(149 + 5 * 99);
  });

  it('counts as good what met the SLO, of all that ended', async () => {
    target = await startSseTarget((request, response, index) => {
      if (index === 0) return response.writeHead(503).end('{}');
      return streaming({ firstTokenMs: index === 1 ? 2500 : 0 })(request, response, index);
    });
    const trace = await traceFile(vtcTrace([0, 0.1, 0.2, 0.3].map((at) => [at, '', 5, 2])));
    const { report } = await replay({ trace, slo: 'ttft=2s' });
    expect(report.goodput).toMatchObject({ slo: { ttftMs: 2000 }, met: 2, share: 0.5 });
    expect(report.goodput.requestsPerSecond).toBeCloseTo(2000 / report.durationMs, 6);
  });

  it('counts tokens by frames where the target tells no usage', async () => {
    target = await startSseTarget(streaming({ usage: null, tokens: 3 }));
    const { report, stdout } = await replay({ trace: await traceFile(vtcTrace([[0, '', 5, 8]])) });
    expect(report.throughput).toMatchObject({ promptTokens: 5, outputTokens: 3, cachedTokens: null });
    expect(report.requests.otherLength).toBe(1);
    expect(stdout).toContain("note: 1 answers were not as long as the trace's");
  });

  it('takes an answer without any text as ended at its end', async () => {
    target = await startSseTarget(streaming({ tokens: 0, firstTokenMs: 50 }));
    const { report } = await replay({ trace: await traceFile(vtcTrace([[0, '', 5, 8]])) });
    expect(report.requests).toMatchObject({ completed: 1, failed: 0 });
    expect(report.latencies.ttftMs?.max).toBe(report.latencies.e2eMs?.max);
    expect(report.latencies.tpotMs).toBeNull();
  });
});

describe('what is written', () => {
  it('is a table, a beginning and lines of progress, and the report as JSON', async () => {
    target = await startSseTarget(streaming({ headers: { 'x-signalbox-instance': 'sim-1' } }));
    const json = join(directory, 'report.json');
    const trace = await traceFile(`${vtcTrace([0, 0.01].map((at) => [at, 'c', 5, 2]))}\nnonsense\n`);
    const { report, stdout, stderr } = await replay({
      trace,
      json,
      apiKey: 'sk-hidden',
      maxBroken: '50%',
      seed: '3',
    });
    expect(JSON.parse(await readFile(json, 'utf8'))).toEqual(report);
    expect(report).toMatchObject({
      schemaVersion: 1,
      signalboxVersion: expect.stringMatching(/^\d+\.\d+\.\d+/),
      nodeVersion: process.version,
      parameters: { trace, target: target.url, model: 'tiny', seed: 3, speed: 1 },
      trace: { format: 'vtc', requests: 2, notes: { skippedLines: 1 } },
      interrupted: false,
    });
    expect(Date.parse(report.startedAt)).toBeGreaterThan(Date.now() - 60_000);
    expect(await readFile(json, 'utf8')).not.toContain('sk-hidden');
    expect(stdout).toMatch(/^requests {5}2 sent · 2 completed · 0 failed$/m);
    expect(stdout).toMatch(/^sim-1 +2 +100 % +0 +4 /m);
    expect(stdout).toContain('note: 1 broken lines of the trace were left out; the first is line 4');
    expect(stderr).toContain(`replaying 2 requests over 0.0 s to ${target.url}, model tiny`);
  });
});

describe('an interruption', () => {
  it('before anything was sent ends without a report', async () => {
    target = await startSseTarget(streaming());
    const trace = await traceFile(vtcTrace([[0, '', 5, 2]]));
    await expect(replay({ trace }, AbortSignal.abort())).rejects.toThrow(
      'interrupted before anything was sent',
    );
    expect(target.seen).toHaveLength(0);
  });

  it('ends the waiting for a target that does not list its models', async () => {
    const interrupt = new AbortController();
    target = await startSseTarget(streaming(), { modelsAnswer: () => interrupt.abort() });
    const trace = await traceFile(vtcTrace([[0, '', 5, 2]]));
    await expect(replay({ trace }, interrupt.signal)).rejects.toThrow('interrupted before anything was sent');
  });

  it('stops the sending, drops what is in flight and reports what there is', async () => {
    const interrupt = new AbortController();
    target = await startSseTarget(async (request, response, index) => {
      if (index < 2) return streaming()(request, response, index);
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': wait\n\n');
      if (index === 3) setTimeout(() => interrupt.abort(), 200);
      return undefined;
    });
    const trace = await traceFile(vtcTrace([0, 0.1, 0.2, 0.3, 3600].map((at) => [at, '', 5, 2])));
    const { report, stdout } = await replay({ trace }, interrupt.signal);
    expect(report.interrupted).toBe(true);
    expect(report.requests).toEqual({
      planned: 5,
      sent: 4,
      completed: 2,
      failed: 0,
      aborted: 2,
      otherLength: 0,
    });
    expect(stdout).toContain('Interrupted: partial replay');
    await expect.poll(() => target?.droppedByClient()).toBe(2);
  });
});
