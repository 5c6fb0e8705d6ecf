import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openTrace, type Trace, type TraceReadOptions } from './read-trace.ts';
import { TraceError } from './trace-error.ts';
import type { TraceRequest } from './trace-request.ts';

async function* inChunks(text: string, size = 7): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
}

async function collect(trace: Trace): Promise<readonly TraceRequest[]> {
  const requests: TraceRequest[] = [];
  for await (const request of trace.requests) requests.push(request);
  return requests;
}

async function read(text: string, options?: TraceReadOptions): Promise<readonly TraceRequest[]> {
  return collect(await openTrace(inChunks(text), options));
}

const arrivals = (requests: readonly TraceRequest[]): readonly number[] =>
  requests.map(({ arrivalMs }) => arrivalMs);

const VTC = 'time_s,client,prompt_tokens,output_tokens\n';
const AZURE = `TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:15:46.6805900,374,44
2023-11-16 18:15:50.9951690,396,109`;

/** A trace of `good` good lines with one of `broken` broken ones behind every tenth of them. */
function vtcLines(good: number, broken: number): string {
  const lines: string[] = [];
  for (let index = 0; index < good; index += 1) {
    lines.push(`${index},1,10,10`);
    if (index % 10 === 9 && lines.length - index <= broken) lines.push('nonsense');
  }
  return VTC + lines.join('\n');
}

describe('openTrace', () => {
  it('counts arrivals from the first request and knows the line of each', async () => {
    const trace = await openTrace(inChunks(AZURE));
    expect(trace.format).toBe('azure');
    const [first, second] = await collect(trace);
    expect(first).toEqual({ arrivalMs: 0, promptTokens: 374, outputTokens: 44, line: 2 });
    expect(second).toMatchObject({ promptTokens: 396, outputTokens: 109, line: 3 });
    expect(second?.arrivalMs).toBeCloseTo(4314.579, 2);
  });

  it('reads all formats without being told which', async () => {
    const burst =
      'Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,GPT-4,10,20,30,API log';
    const mooncake = '{"timestamp": 27000, "input_length": 600, "output_length": 5, "hash_ids": [0, 1]}';
    expect(await read(burst)).toEqual([
      { arrivalMs: 0, promptTokens: 10, outputTokens: 20, model: 'GPT-4', line: 2 },
    ]);
    expect(await read(mooncake)).toEqual([
      { arrivalMs: 0, promptTokens: 600, outputTokens: 5, prefixHashIds: [0, 1], blockTokens: 512, line: 1 },
    ]);
    expect(await read(`${VTC}3,b,1,2`)).toEqual([
      { arrivalMs: 0, promptTokens: 1, outputTokens: 2, tenant: 'b', line: 2 },
    ]);
  });

  it('passes over empty lines, also before the heading', async () => {
    expect(await read(`\n\n${VTC}\n1,1,1,1\n  \n\n2,1,1,1\n\n`)).toHaveLength(2);
  });

  it('reads a first request that is no heading too', async () => {
    const line = '{"timestamp": 0, "input_length": 5, "output_length": 5}';
    expect(await read(`${line}\n${line}\n`)).toHaveLength(2);
  });

  it.each(['', '\n\n \n', '\ufeff'])('calls %j empty', async (text) => {
    await expect(openTrace(inChunks(text))).rejects.toMatchObject({ code: 'empty' });
  });

  it('holds no request when there is only a heading', async () => {
    expect(await read(VTC)).toEqual([]);
  });

  it('tells how an unknown file begins and what it could have been', async () => {
    await expect(openTrace(inChunks('name,age\nbob,3'))).rejects.toThrow(
      /no known format: it begins with "name,age"; known are azure \(a CSV heading with TIMESTAMP/,
    );
  });

  it('refuses a format that the file is not of, or that does not exist', async () => {
    await expect(openTrace(inChunks(AZURE), { format: 'vtc' })).rejects.toMatchObject({
      code: 'wrong_format',
      message: expect.stringContaining('the trace is not vtc (a CSV heading with time_s'),
    });
    await expect(openTrace(inChunks(AZURE), { format: 'pcap' })).rejects.toThrow(
      'there is no trace format pcap',
    );
    expect(await read(AZURE, { format: 'azure' })).toHaveLength(2);
  });
});

describe('equal stamps', () => {
  const mooncake = [0, 0, 0, 3000, 3000, 6000]
    .map((timestamp) => JSON.stringify({ timestamp, input_length: 5, output_length: 5 }))
    .join('\n');

  it('are spread where stamps are coarse', async () => {
    expect(arrivals(await read(mooncake))).toEqual([0, 1000, 2000, 3000, 4500, 6000]);
  });

  it('stay as they are when wanted', async () => {
    expect(arrivals(await read(mooncake, { keepEqualStamps: true }))).toEqual([0, 0, 0, 3000, 3000, 6000]);
  });

  it('stay as they are where stamps are exact', async () => {
    expect(arrivals(await read(`${VTC}1,1,1,1\n1,2,1,1\n9,1,1,1`))).toEqual([0, 0, 8000]);
  });

  it('are spread within their second only where stamps are whole seconds', async () => {
    const burst = 'Timestamp,Model,Request tokens,Response tokens\n5,m,1,1\n5,m,1,1\n45,m,1,1';
    expect(arrivals(await read(burst))).toEqual([0, 500, 40_000]);
  });
});

describe('order', () => {
  it('is restored for rows that are a little late, and arrivals count from the earliest', async () => {
    const requests = await read(`${VTC}2,1,1,1\n1,2,1,1\n3,1,1,1`);
    expect(requests.map(({ arrivalMs, line }) => [arrivalMs, line])).toEqual([
      [0, 3],
      [1000, 2],
      [2000, 4],
    ]);
  });

  it('is demanded of the file where a row is far too late', async () => {
    const lines = Array.from({ length: 1500 }, (_, index) => `${index + 10},1,1,1`);
    await expect(read(`${VTC}${lines.join('\n')}\n0,1,1,1`)).rejects.toMatchObject({
      code: 'not_sorted',
      message: expect.stringMatching(/^line 1502 is \d+ ms earlier than line \d+ before it/),
    });
  });
});

describe('broken lines', () => {
  it('are left out, counted and told of', async () => {
    const trace = await openTrace(inChunks(vtcLines(300, 3)));
    expect(await collect(trace)).toHaveLength(300);
    expect(trace.notes).toMatchObject({ lines: 303, requests: 300, skippedLines: 3 });
    expect(trace.notes.skipped[0]).toEqual({ line: 12, reason: '1 fields where the heading has 4' });
  });

  it('stop the reading where they are more than a share of a hundredth', async () => {
    await expect(read(vtcLines(300, 4))).rejects.toMatchObject({
      code: 'too_many_broken_lines',
      message: expect.stringMatching(
        /^4 of 304 lines \(1\.32 %\) are broken, more than 1 %: line 12: 1 fields where the heading has 4; line 23: /,
      ),
    });
  });

  it('may be more where that is allowed, or none at all', async () => {
    expect(await read(vtcLines(300, 4), { maxBrokenShare: 0.02 })).toHaveLength(300);
    await expect(read(vtcLines(300, 1), { maxBrokenShare: 0 })).rejects.toThrow(TraceError);
  });

  it('stop a file that turns to nonsense before all of it was read', async () => {
    let chunks = 0;
    async function* endless(): AsyncGenerator<string> {
      yield vtcLines(1000, 0);
      for (; chunks < 10_000; chunks += 1) yield '\nnonsense';
    }
    await expect(collect(await openTrace(endless()))).rejects.toMatchObject({
      code: 'too_many_broken_lines',
    });
    expect(chunks).toBeLessThan(20);
  });

  it('include lines that are longer than any request', async () => {
    const text = `${VTC}1,1,1,1\n${'x'.repeat(2 ** 21 + 1)}\n2,1,1,1`;
    const trace = await openTrace(inChunks(text, 100_000), { maxBrokenShare: 0.5 });
    expect(await collect(trace)).toHaveLength(2);
    expect(trace.notes.skipped).toEqual([{ line: 3, reason: 'the line is too long' }]);
  });
});

describe('requests without tokens', () => {
  it('count as of one token, and are counted', async () => {
    const trace = await openTrace(inChunks(`${VTC}1,1,0,5\n2,1,5,0\n3,1,5,5`));
    const tokens = (await collect(trace)).map(({ promptTokens, outputTokens }) => [
      promptTokens,
      outputTokens,
    ]);
    expect(tokens).toEqual([
      [1, 5],
      [5, 1],
      [5, 5],
    ]);
    expect(trace.notes.raisedToOneToken).toBe(2);
  });
});

describe('streaming', () => {
  it('asks for no more of the file than the requests taken need', async () => {
    let lines = 0;
    async function* endless(): AsyncGenerator<string> {
      yield VTC;
      for (; ; lines += 1) yield `${lines},1,1,1\n`;
    }
    const trace = await openTrace(endless());
    for await (const request of trace.requests) if (request.line > 100) break;
    expect(lines).toBeLessThan(2000);
  });

  it('reads back what was written, in any format', async () => {
    const aRequest = fc.record({
      gapMs: fc.integer({ min: 1, max: 5000 }),
      promptTokens: fc.integer({ min: 1, max: 5000 }),
      outputTokens: fc.integer({ min: 1, max: 2000 }),
    });
    const writers = {
      vtc: {
        heading: VTC,
        line: (ms: number, one: Tokens) => `${ms / 1000},7,${one.promptTokens},${one.outputTokens}`,
      },
      azure: {
        heading: 'TIMESTAMP,ContextTokens,GeneratedTokens\n',
        line: (ms: number, one: Tokens) =>
          `${new Date(ms).toISOString().replace('T', ' ').replace('Z', '')},${one.promptTokens},${one.outputTokens}`,
      },
      mooncake: {
        heading: '',
        line: (ms: number, one: Tokens) =>
          JSON.stringify({ timestamp: ms, input_length: one.promptTokens, output_length: one.outputTokens }),
      },
    };
    const someRequests = fc.array(aRequest, { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.values(writers)), someRequests, async (writer, all) => {
        let atMs = -all[0]!.gapMs;
        const wanted = all.map(({ gapMs, ...tokens }) => {
          atMs += gapMs;
          return { arrivalMs: atMs, ...tokens };
        });
        const text = writer.heading + wanted.map((one) => writer.line(one.arrivalMs, one)).join('\n');
        const found = await read(text);
        expect(
          found.map(({ arrivalMs, ...rest }) => ({ ...rest, arrivalMs: Math.round(arrivalMs) })),
        ).toEqual(wanted.map((one) => expect.objectContaining(one)));
      }),
      { numRuns: 50 },
    );
  });
});

interface Tokens {
  readonly promptTokens: number;
  readonly outputTokens: number;
}
