import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openTrace, type TraceReadOptions } from './read-trace.ts';
import { TraceError } from './trace-error.ts';
import type { TraceRequest } from './trace-request.ts';

async function* chunksOf(text: string, size: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
}

/** Everything that could be read, or why not; any other error is thrown. */
async function readAll(
  text: string,
  size: number,
  options: TraceReadOptions,
): Promise<readonly TraceRequest[] | TraceError> {
  try {
    const trace = await openTrace(chunksOf(text, size), options);
    const requests: TraceRequest[] = [];
    for await (const request of trace.requests) requests.push(request);
    expect(trace.notes.requests).toBe(requests.length);
    expect(trace.notes.requests + trace.notes.skippedLines).toBe(trace.notes.lines);
    return requests;
  } catch (error) {
    if (error instanceof TraceError) return error;
    throw error;
  }
}

const STARTS = [
  'TIMESTAMP,ContextTokens,GeneratedTokens',
  'Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type',
  'time_s,client,prompt_tokens,output_tokens',
  '{"timestamp": 0, "input_length": 5, "output_length": 5, "hash_ids": [1]}',
];

const aNumber = fc.oneof(
  fc.nat(3000).map(String),
  fc.constantFrom('-1', '1e400', 'NaN', '', '0', '007', '1.5', '99999999999', 'x', '"', ','),
);
const aStamp = fc.oneof(
  aNumber,
  fc.date({ min: new Date(0), max: new Date(2e12), noInvalidDate: true }).map((date) => date.toISOString()),
);
const aLine = fc.oneof(
  fc.tuple(aStamp, aNumber, aNumber).map((fields) => fields.join(',')),
  fc.tuple(aStamp, aNumber, aNumber, aNumber).map((fields) => fields.join(',')),
  fc
    .tuple(aNumber, aNumber, aNumber, fc.array(aNumber, { maxLength: 4 }))
    .map(
      ([at, input, output, ids]) =>
        `{"timestamp": ${at}, "input_length": ${input}, "output_length": ${output}, "hash_ids": [${ids.join(',')}]}`,
    ),
  fc.string({ maxLength: 60 }),
  fc.json({ maxDepth: 2 }),
);

const aText = fc
  .tuple(fc.constantFrom(...STARTS, ''), fc.array(aLine, { maxLength: 30 }), fc.constantFrom('\n', '\r\n'))
  .map(([start, lines, end]) => [start, ...lines].join(end));

describe('whatever the file says', () => {
  it('there are requests that make sense, or a reason', async () => {
    const settings = fc.record({ keepEqualStamps: fc.boolean(), blockTokens: fc.constantFrom(16, 512) });
    await fc.assert(
      fc.asyncProperty(aText, fc.integer({ min: 1, max: 200 }), settings, async (text, size, options) => {
        const read = await readAll(text, size, { ...options, maxBrokenShare: 1 });
        if (read instanceof TraceError) {
          expect(read.message.length).toBeGreaterThan(10);
          return;
        }
        let beforeMs = 0;
        for (const request of read) {
          expect(request.arrivalMs).toBeGreaterThanOrEqual(beforeMs);
          expect(Number.isFinite(request.arrivalMs)).toBe(true);
          expect(Number.isInteger(request.promptTokens) && request.promptTokens >= 1).toBe(true);
          expect(Number.isInteger(request.outputTokens) && request.outputTokens >= 1).toBe(true);
          const blocks = Math.ceil(request.promptTokens / (request.blockTokens ?? 1));
          expect(request.prefixHashIds?.length ?? 0).toBeLessThanOrEqual(blocks);
          beforeMs = request.arrivalMs;
        }
        if (read[0] !== undefined) expect(read[0].arrivalMs).toBe(0);
        expect(new Set(read.map(({ line }) => line)).size).toBe(read.length);
      }),
      { numRuns: 300 },
    );
  });

  it('it is read the same wherever its chunks end', async () => {
    await fc.assert(
      fc.asyncProperty(aText, fc.integer({ min: 1, max: 30 }), async (text, size) => {
        const options = { maxBrokenShare: 1 };
        expect(await readAll(text, size, options)).toEqual(await readAll(text, text.length + 1, options));
      }),
      { numRuns: 100 },
    );
  });
});
