import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseReplayOptions, type RawReplayOptions } from '../../src/cli/replay/options.ts';
import type { ReplayReport } from '../../src/cli/replay/report.ts';
import { runReplay } from '../../src/cli/replay/run.ts';
import { randomIndex, seededRandom } from '../../src/domain/index.ts';
import {
  type Behaviour,
  frame,
  type SseTarget,
  startSseTarget,
  streaming,
} from './__fixtures__/sse-target.ts';

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

async function replay(text: string, given: Partial<RawReplayOptions> = {}): Promise<ReplayReport> {
  const trace = join(directory, 'trace');
  await writeFile(trace, text);
  const silent = { write: () => true };
  return runReplay(parseReplayOptions({ trace, target: target?.url ?? '', ...given }), {
    stdout: silent,
    stderr: silent,
    interrupt: new AbortController().signal,
  });
}

const named = (instance: string) => ({ 'x-signalbox-instance': instance });

function broken(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', ...named('c') });
  response.end(frame({ delta: { content: 'a' } }));
}

/** What a target may do, with the instance it names and the kind of failure it makes. */
const BEHAVIOURS: readonly {
  readonly act: Behaviour;
  readonly instance?: string;
  readonly failure?: string;
}[] = [
  { act: streaming({ headers: named('a') }), instance: 'a' },
  { act: streaming({ headers: named('b'), firstTokenMs: 20, perTokenMs: 2 }), instance: 'b' },
  { act: streaming({ usage: null }) },
  { act: (_, response) => response.writeHead(429, named('a')).end('{}'), instance: 'a', failure: 'http' },
  { act: (_, response) => broken(response), instance: 'c', failure: 'truncated' },
  { act: (_, response) => response.socket?.destroy(), failure: 'disconnected' },
  { act: (_, response) => response.end('hello'), failure: 'invalid_stream' },
];

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

function countBy(keys: readonly (string | undefined)[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const key of keys) if (key !== undefined) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
}

describe('the accounts of a replay', () => {
  it.each([1, 2, 3])('add up, whatever the target does (%d)', async (seed) => {
    const random = seededRandom(seed);
    const done: (typeof BEHAVIOURS)[number][] = [];
    target = await startSseTarget((request, response, index) => {
      const behaviour = BEHAVIOURS[randomIndex(random, BEHAVIOURS.length)]!;
      done.push(behaviour);
      return behaviour.act(request, response, index);
    });
    const lines = Array.from({ length: 80 }, (_, index) => `${index / 200},${index % 5},20,3`);
    const report = await replay(`time_s,client,prompt_tokens,output_tokens\n${lines.join('\n')}`);
    const { requests, failures, instances, latencies, goodput, generator } = report;

    expect(done).toHaveLength(80);
    expect(requests).toMatchObject({
      sent: 80,
      aborted: 0,
      failed: done.filter((one) => one.failure).length,
    });
    expect(requests.completed + requests.failed).toBe(80);
    expect(Object.fromEntries(failures.map(({ kind, count }) => [kind, count]))).toEqual(
      countBy(done.map(({ failure }) => failure)),
    );
    expect(Object.fromEntries(instances.map(({ id, requests: count }) => [id, count]))).toEqual(
      countBy(done.map(({ instance }) => instance)),
    );
    for (const one of instances) expect(one.completed + one.failed).toBe(one.requests);
    expect(sum(instances.map(({ share }) => share))).toBeCloseTo(1, 12);
    expect(latencies.ttftMs?.count).toBe(requests.completed);
    expect(latencies.e2eMs?.count).toBe(requests.completed);
    expect(generator.latenessMs?.count).toBe(80);
    expect(goodput.met).toBeLessThanOrEqual(requests.completed);
    expect(report.throughput.outputTokens).toBe(3 * requests.completed);
  });
});

describe('every format', () => {
  const traces: readonly (readonly [
    string,
    string,
    readonly (readonly [tokens: number, output: number])[],
  ])[] = [
    [
      'azure',
      'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,37,4\n2023-11-16 18:15:46.7051690,39,9',
      [
        [37, 4],
        [39, 9],
      ],
    ],
    [
      'mooncake',
      '{"timestamp": 0, "input_length": 600, "output_length": 2, "hash_ids": [0, 1]}\n{"timestamp": 30, "input_length": 10, "output_length": 3, "hash_ids": [5]}\n',
      [
        [600, 2],
        [10, 3],
      ],
    ],
    [
      'burstgpt',
      'Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,ChatGPT,47,1,48,Conversation log\n5,GPT-4,10,0,10,API log',
      [
        [47, 1],
        [10, 1],
      ],
    ],
    [
      'vtc',
      'time_s,client,prompt_tokens,output_tokens\n0.0,13,13,1\n0.02,2,36,7',
      [
        [13, 1],
        [36, 7],
      ],
    ],
  ];

  it.each(traces)('arrives at the target as it was written: %s', async (format, text, lengths) => {
    target = await startSseTarget(streaming());
    const report = await replay(text, { concurrency: '1' });
    expect(report.trace.format).toBe(format);
    expect(report.requests).toMatchObject({ completed: 2, otherLength: 0 });
    const sent = target.seen.map(({ body }) => [body.messages![0]!.content.length / 4, body.max_tokens]);
    expect(sent).toEqual(lengths);
  });
});
