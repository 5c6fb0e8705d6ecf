import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseReplayOptions, type RawReplayOptions } from '../../src/cli/replay/options.ts';
import type { ReplayReport } from '../../src/cli/replay/report.ts';
import { runReplay } from '../../src/cli/replay/run.ts';
import { parseFault } from '../../src/engines/serving/index.ts';
import { type RunningSimulatedEngine, startSimulatedEngine } from '../../src/engines/simulated/index.ts';
import { startTestGateway } from '../gateway/support/test-gateway.ts';

const MODEL = 'llama-3-8b';

let directory: string;
const closers: (() => Promise<void>)[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signalbox-replay-'));
});

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await rm(directory, { recursive: true, force: true });
});

async function anEngine(fault?: string): Promise<RunningSimulatedEngine> {
  const faults = fault === undefined ? [] : [parseFault(fault)];
  const engine = await startSimulatedEngine({ model: MODEL, speed: 20, faults });
  closers.push(() => engine.close());
  return engine;
}

async function replay(
  target: string,
  lines: readonly string[],
  given: Partial<RawReplayOptions> = {},
): Promise<ReplayReport> {
  const trace = join(directory, 'trace');
  await writeFile(trace, lines.join('\n'));
  const silent = { write: () => true };
  return runReplay(parseReplayOptions({ trace, target, ...given }), {
    stdout: silent,
    stderr: silent,
    interrupt: new AbortController().signal,
  });
}

/** A turn of a conversation every 200 ms: its blocks of 512 tokens and its answer. */
function turns(
  all: readonly (readonly [ids: readonly number[], lastTokens: number, outputTokens: number])[],
) {
  return all.map(([ids, lastTokens, outputTokens], index) =>
    JSON.stringify({
      timestamp: index * 200,
      input_length: (ids.length - 1) * 512 + lastTokens,
      output_length: outputTokens,
      hash_ids: ids,
    }),
  );
}

function steady(count: number, everyMs: number): readonly string[] {
  const line = (index: number): string => `${(index * everyMs) / 1000},client-${index % 3},200,10`;
  return [
    'time_s,client,prompt_tokens,output_tokens',
    ...Array.from({ length: count }, (_, index) => line(index)),
  ];
}

describe('a replay to a simulated engine', () => {
  it('has the lengths of the trace, and its prefixes are found in the cache', async () => {
    const { url } = await anEngine();
    const report = await replay(
      url,
      turns([
        [[1, 2], 512, 20],
        [[1, 2, 3], 512, 30],
        [[1, 9], 100, 5],
        [[7, 8], 512, 5],
      ]),
      { concurrency: '1' },
    );
    expect(report.failures).toEqual([]);
    expect(report.requests).toMatchObject({ completed: 4, failed: 0, otherLength: 0 });
    const { promptTokens, outputTokens, cachedTokens } = report.throughput;
    expect(outputTokens).toBe(60);
    // The chat template adds a little to each prompt, and an engine shares whole blocks of its own size.
    expect(promptTokens).toBeGreaterThanOrEqual(1024 + 1536 + 612 + 1024);
    expect(promptTokens).toBeLessThan(1024 + 1536 + 612 + 1024 + 4 * 40);
    expect(cachedTokens).toBeGreaterThan(1024 + 512 - 3 * 32);
    expect(cachedTokens).toBeLessThan(1024 + 512 + 3 * 32);
  });

  it('finds nothing cached where prompts share nothing, until they are sent again', async () => {
    const { url } = await anEngine();
    const lines = steady(5, 50);
    const cachedTokens = async (seed: string) => (await replay(url, lines, { seed })).throughput.cachedTokens;
    expect(await cachedTokens('1')).toBe(0);
    expect(await cachedTokens('1')).toBeGreaterThan(5 * 150);
    expect(await cachedTokens('2')).toBeLessThan(5 * 20);
  });

  it.each([
    ['500', 'http', 500],
    ['429', 'http', 429],
    ['redirect', 'http', 307],
    ['error-frame', 'stream_error', undefined],
    ['reset:3', 'truncated', undefined],
    ['garbage-sse', 'truncated', undefined],
    ['hang', 'timeout', undefined],
    ['hang-before-headers', 'timeout', undefined],
    ['never-ending', 'timeout', undefined],
  ])('that misbehaves (%s) counts %s', async (fault, kind, status) => {
    const { url } = await anEngine(fault);
    const report = await replay(url, steady(2, 20), { timeout: kind === 'timeout' ? '1s' : '30s' });
    expect(report.requests).toMatchObject({ sent: 2, completed: 0, failed: 2 });
    expect(report.failures).toHaveLength(1);
    expect(report.failures[0]).toMatchObject({ kind, count: 2, ...(status === undefined ? {} : { status }) });
  });
});

describe('a replay through the gateway', () => {
  async function aFleet(faults: readonly (string | undefined)[]): Promise<{ readonly url: string }> {
    const instances = [];
    for (const fault of faults) {
      const { url } = await anEngine(fault);
      instances.push({ url, models: [MODEL], maxConcurrency: 64 });
    }
    const gateway = await startTestGateway({ instances });
    closers.push(() => gateway.close());
    return gateway;
  }

  it('tells which instance served how many, and how long requests queued', async () => {
    const { url } = await aFleet([undefined, undefined]);
    const report = await replay(url, steady(40, 10));
    expect(report.parameters.model).toBe(MODEL);
    expect(report.failures).toEqual([]);
    expect(report.requests).toMatchObject({ completed: 40, failed: 0, otherLength: 0 });
    expect(report.instances).toHaveLength(2);
    expect(report.instances.reduce((sum, { requests }) => sum + requests, 0)).toBe(40);
    expect(report.instances.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
    for (const instance of report.instances) expect(instance.ttftMs?.count).toBe(instance.completed);
    expect(report.latencies.queueMs?.count).toBe(40);
  });

  it('sees no failure of an engine that another one makes good', async () => {
    const { url } = await aFleet(['503', undefined]);
    const report = await replay(url, steady(10, 20));
    expect(report.failures).toEqual([]);
    expect(report.requests).toMatchObject({ completed: 10, failed: 0 });
    expect(report.instances).toHaveLength(1);
  });

  it('sees an error event where a stream broke that had begun', async () => {
    const { url } = await aFleet(['reset:3']);
    const report = await replay(url, steady(1, 20));
    expect(report.failures).toMatchObject([
      { kind: 'stream_error', code: 'upstream_disconnected', count: 1 },
    ]);
  });
});
