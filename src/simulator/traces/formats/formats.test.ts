import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBroken, type TraceRow } from '../trace-format.ts';
import { azureFormat } from './azure.ts';
import { burstGptFormat } from './burstgpt.ts';
import { TRACE_FORMATS } from './index.ts';
import { mooncakeFormat } from './mooncake.ts';
import { vtcFormat } from './vtc.ts';

const FIRST_LINES = {
  azure: 'TIMESTAMP,ContextTokens,GeneratedTokens',
  mooncake: '{"timestamp": 0, "input_length": 600, "output_length": 5, "hash_ids": [0, 1]}',
  burstgpt: 'Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type',
  vtc: 'time_s,client,prompt_tokens,output_tokens',
} as const;

const OPTIONS = { blockTokens: 512 };

function row(line: string, readRow: (text: string) => TraceRow | { readonly reason: string }): TraceRow {
  const read = readRow(line);
  if (isBroken(read)) throw new Error(read.reason);
  return read;
}

describe('TRACE_FORMATS', () => {
  it.each(Object.entries(FIRST_LINES))('recognises %s, and nothing else does', (name, firstLine) => {
    const who = TRACE_FORMATS.filter((format) => format.recognises(firstLine)).map((format) => format.name);
    expect(who).toEqual([name]);
  });

  it.each(['', 'hello', '[]', 'null', '{}', '{"a', 'a,b,c'])('takes %j for none', (firstLine) => {
    expect(TRACE_FORMATS.filter((format) => format.recognises(firstLine))).toEqual([]);
  });
});

describe('azure', () => {
  const read = azureFormat.rowReader(FIRST_LINES.azure, OPTIONS);

  it('reads stamps of 100 ns as UTC', () => {
    expect(row('2023-11-16 18:15:46.6805900,374,44', read)).toEqual({
      stampMs: Date.UTC(2023, 10, 16, 18, 15, 46) + 680.59,
      promptTokens: 374,
      outputTokens: 44,
    });
  });

  it.each([
    ['2024-05-10 00:00:00.009930+00:00', Date.UTC(2024, 4, 10) + 9.93],
    ['2024-05-10T02:00:00+02:00', Date.UTC(2024, 4, 10)],
    ['2024-05-09 22:30:00-0130', Date.UTC(2024, 4, 10)],
    ['2024-05-10T00:00:00Z', Date.UTC(2024, 4, 10)],
  ])('reads the newer stamp %s', (stamp, stampMs) => {
    expect(row(`${stamp},1,1`, read).stampMs).toBe(stampMs);
  });

  it.each(['2023-02-30 00:00:00', '2023-13-01 00:00:00', '2023-01-01 24:00:00', '2023-01-01', 'now', ''])(
    'does not take %j for a moment',
    (stamp) => {
      expect(read(`${stamp},1,1`)).toEqual({
        reason: `TIMESTAMP is "${stamp}", not a moment like 2023-11-16 18:15:46.6805900`,
      });
    },
  );

  it('reads back any moment to the tenth of a microsecond that a double can tell', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 41 }), fc.nat(9999), (wholeMs, ticks) => {
        const [day, time] = new Date(wholeMs).toISOString().replace('Z', '').split('T');
        const stamp = `${day} ${time}${String(ticks).padStart(4, '0')}`;
        expect(row(`${stamp},1,1`, read).stampMs).toBeCloseTo(wholeMs + ticks / 10_000, 2);
      }),
    );
  });
});

describe('burstgpt', () => {
  const read = burstGptFormat.rowReader(FIRST_LINES.burstgpt, OPTIONS);

  it('reads seconds, whole or not, and the model', () => {
    expect(row('45,ChatGPT,1087,230,1317,Conversation log', read)).toEqual({
      stampMs: 45_000,
      promptTokens: 1087,
      outputTokens: 230,
      model: 'ChatGPT',
    });
    expect(row('0.125,GPT-4,5,0,5,API log', read)).toMatchObject({ stampMs: 125, outputTokens: 0 });
  });

  it('reads files that have further columns', () => {
    const wider = burstGptFormat.rowReader(`Session ID,${FIRST_LINES.burstgpt},Elapsed time`, OPTIONS);
    expect(row('77,45,GPT-4,10,20,30,API log,1.5', wider)).toMatchObject({
      stampMs: 45_000,
      outputTokens: 20,
    });
  });

  it('refuses a stamp that is no number', () => {
    expect(read('soon,GPT-4,5,0,5,API log')).toEqual({
      reason: 'Timestamp is "soon", not a number of seconds',
    });
  });
});

describe('vtc', () => {
  const read = vtcFormat.rowReader(FIRST_LINES.vtc, OPTIONS);

  it('reads seconds and takes the client for the tenant', () => {
    expect(row('0.2079,2,36,137', read)).toEqual({
      stampMs: 207.9,
      promptTokens: 36,
      outputTokens: 137,
      tenant: '2',
    });
  });

  it('has no tenant where the client is left out', () => {
    expect(row('1,,36,137', read)).not.toHaveProperty('tenant');
  });
});

describe('mooncake', () => {
  const read = mooncakeFormat.rowReader(FIRST_LINES.mooncake, OPTIONS);

  it('reads milliseconds, lengths and the ids of blocks', () => {
    expect(row(FIRST_LINES.mooncake, read)).toEqual({
      stampMs: 0,
      promptTokens: 600,
      outputTokens: 5,
      prefixHashIds: [0, 1],
      blockTokens: 512,
    });
  });

  it('reads files of other block sizes', () => {
    const fine = mooncakeFormat.rowReader(FIRST_LINES.mooncake, { blockTokens: 16 });
    const line = '{"timestamp": 1, "input_length": 33, "output_length": 5, "hash_ids": [4, 5, 6]}';
    expect(row(line, fine)).toMatchObject({ prefixHashIds: [4, 5, 6], blockTokens: 16 });
  });

  it('takes ids that cover only a part of the prompt, or none at all', () => {
    const partly = '{"timestamp": 1, "input_length": 1000, "output_length": 5, "hash_ids": [9]}';
    expect(row(partly, read)).toMatchObject({ prefixHashIds: [9] });
    expect(row('{"timestamp": 1, "input_length": 9, "output_length": 5}', read)).not.toHaveProperty(
      'blockTokens',
    );
  });

  it.each([
    ['{"timestamp": 0', 'not a JSON object'],
    ['[1]', 'not a JSON object'],
    [
      '{"timestamp": -1, "input_length": 1, "output_length": 1}',
      'timestamp is -1, not a number of milliseconds',
    ],
    [
      '{"timestamp": "0", "input_length": 1, "output_length": 1}',
      'timestamp is "0", not a number of milliseconds',
    ],
    [
      '{"timestamp": 0, "output_length": 1}',
      'input_length is missing, not a whole number from 0 to 10000000',
    ],
    [
      '{"timestamp": 0, "input_length": 1, "output_length": 0.5}',
      'output_length is 0.5, not a whole number from 0 to 10000000',
    ],
    ['{"timestamp": 0, "input_length": 1, "output_length": 1, "hash_ids": 3}', 'hash_ids is 3, not a list'],
    [
      '{"timestamp": 0, "input_length": 1, "output_length": 1, "hash_ids": ["a"]}',
      'hash_ids holds "a", not a whole number from 0',
    ],
    [
      '{"timestamp": 0, "input_length": 512, "output_length": 1, "hash_ids": [1, 2]}',
      '2 hash_ids where 512 tokens make 1 blocks of 512',
    ],
  ])('tells why %s is no row', (line, reason) => {
    expect(read(line)).toEqual({ reason });
  });
});
