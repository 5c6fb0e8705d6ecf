import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TraceRequest } from '../../simulator/index.ts';
import { parseReplayOptions, type RawReplayOptions, type ReplayOptions } from './options.ts';
import { openTraceFile, planTrace, wantedRequests } from './trace-file.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signalbox-trace-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

const HEADING = 'time_s,client,prompt_tokens,output_tokens\n';
const goOn = new AbortController().signal;

async function optionsFor(text: string, given: Partial<RawReplayOptions> = {}): Promise<ReplayOptions> {
  const trace = join(directory, 'trace.csv');
  await writeFile(trace, text);
  return parseReplayOptions({ trace, target: 'http://127.0.0.1:8080', ...given });
}

/** One request a second from second 7 on; the n-th has 100 n prompt and 10 n output tokens. */
function seconds(count: number): string {
  const lines = Array.from({ length: count }, (_, index) => `${index + 7},a,${index}00,${index}0`);
  return HEADING + lines.join('\n');
}

async function collect(options: ReplayOptions): Promise<readonly TraceRequest[]> {
  const requests: TraceRequest[] = [];
  for await (const request of wantedRequests(await openTraceFile(options), options)) requests.push(request);
  return requests;
}

describe('planTrace', () => {
  it('counts what will be sent', async () => {
    expect(await planTrace(await optionsFor(seconds(4)), goOn)).toEqual({
      format: 'vtc',
      requests: 4,
      spanMs: 3000,
      promptTokens: 601,
      outputTokens: 61,
      notes: { lines: 4, requests: 4, skippedLines: 0, skipped: [], raisedToOneToken: 1 },
    });
  });

  it('counts only the part wanted, and its tokens as capped', async () => {
    const given = { offset: '1', limit: '2', promptTokensCap: '150', maxTokensCap: '15' };
    expect(await planTrace(await optionsFor(seconds(9), given), goOn)).toMatchObject({
      requests: 2,
      spanMs: 1000,
      promptTokens: 250,
      outputTokens: 25,
    });
  });

  it('meets no mistake behind the part wanted', async () => {
    const text = `${seconds(3000)}\n${'nonsense\n'.repeat(3000)}`;
    expect(await planTrace(await optionsFor(text, { limit: '5' }), goOn)).toMatchObject({ requests: 5 });
    await expect(planTrace(await optionsFor(text), goOn)).rejects.toThrow('are broken, more than 1 %');
  });

  it('names the file in what it refuses', async () => {
    const options = await optionsFor('what,is,this\n');
    await expect(planTrace(options, goOn)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining(`${options.trace}: the trace is of no known format`),
    });
  });

  it('ends when it is interrupted', async () => {
    await expect(planTrace(await optionsFor(seconds(4)), AbortSignal.abort())).rejects.toThrow('interrupted');
  });
});

describe('wantedRequests', () => {
  it('is the same part that was planned', async () => {
    const options = await optionsFor(seconds(50), { offset: '10', limit: '20' });
    const requests = await collect(options);
    const plan = await planTrace(options, goOn);
    expect(requests).toHaveLength(plan.requests);
    expect(requests.reduce((sum, { promptTokens }) => sum + promptTokens, 0)).toBe(plan.promptTokens);
    expect(requests[0]?.arrivalMs).toBe(10_000);
  });

  it('lets go of the file when it is left early', async () => {
    const options = await optionsFor(seconds(5));
    const opened = await openTraceFile(options);
    for await (const _ of wantedRequests(opened, options)) break;
    expect(opened.stream.destroyed).toBe(true);
  });

  it('lets go of the file when the trace breaks', async () => {
    const options = await optionsFor(`${seconds(5)}\nnonsense`);
    const opened = await openTraceFile(options);
    const reading = (async () => {
      for await (const _ of wantedRequests(opened, options));
    })();
    await expect(reading).rejects.toMatchObject({ name: 'ReplayError', exitCode: 2 });
    expect(opened.stream.destroyed).toBe(true);
  });

  it('keeps equal stamps or spreads them, and sizes blocks, as told', async () => {
    const line = (timestamp: number): string =>
      JSON.stringify({ timestamp, input_length: 20, output_length: 1, hash_ids: [1, 2] });
    const text = [line(0), line(0), line(100)].join('\n');
    const spread = await collect(await optionsFor(text, { blockTokens: '16' }));
    expect(spread.map(({ arrivalMs, blockTokens }) => [arrivalMs, blockTokens])).toEqual([
      [0, 16],
      [50, 16],
      [100, 16],
    ]);
    const kept = await collect(await optionsFor(text, { blockTokens: '16', raw: true }));
    expect(kept.map(({ arrivalMs }) => arrivalMs)).toEqual([0, 0, 100]);
    await expect(collect(await optionsFor(text, { blockTokens: '32' }))).rejects.toThrow(
      '2 hash_ids where 20 tokens make 1 blocks of 32',
    );
  });
});
