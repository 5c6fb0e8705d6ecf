import { describe, expect, it } from 'vitest';
import { LookupTableError, parseLookupTable } from './records.ts';

const GOOD = { status: 'success', model_type: 'm', quantiles: [0.5, 0.9], quantile_predictions: [10, 30] };

const messageOf = (text: string, format: 'json' | 'csv' = 'json'): string => {
  try {
    parseLookupTable(text, format);
  } catch (error) {
    expect(error).toBeInstanceOf(LookupTableError);
    return (error as Error).message;
  }
  return '';
};

describe('a JSON table', () => {
  it('is read with all that a record may have', () => {
    const info = { type: 't', name: 'n', hardware: 'H100', software_name: 'vllm', software_version: '0.9' };
    const record = { ...GOOD, model_info: info, expect: 12, error: 3, input_tokens: 512, task_id: 'r0' };
    expect(parseLookupTable(JSON.stringify([record]), 'json')).toEqual([
      {
        isSuccess: true,
        modelType: 'm',
        info,
        quantiles: { levels: [0.5, 0.9], values: [10, 30] },
        expect: 12,
        error: 3,
        inputTokens: 512,
      },
    ]);
  });

  it.each([
    ['that failed', { ...GOOD, status: 'error' }, { isSuccess: false, quantiles: expect.anything() }],
    ['without levels', { ...GOOD, quantiles: undefined }, { isSuccess: true }],
    ['with nothing at all', {}, { isSuccess: false }],
    ['with nulls', { ...GOOD, model_info: null, expect: null, error: null }, { isSuccess: true }],
  ])('keeps a record %s, so that it is counted', (_, record, kept) => {
    expect(parseLookupTable(JSON.stringify([record]), 'json')).toEqual([expect.objectContaining(kept)]);
  });

  it.each([
    [{ expect: -1 }, 'expect must be a number above 0, found -1'],
    [{ expect: 'soon' }, 'expect must be a number above 0, found "soon"'],
    [{ error: -1 }, 'error must be a number of at least 0, found -1'],
    [{ input_tokens: 0 }, 'input_tokens must be a number above 0, found 0'],
    [{ model_type: 7 }, 'model_type must be a text, found 7'],
    [{ model_info: 'H100' }, 'model_info must be a mapping, found "H100"'],
    [{ model_info: { hardware: 100 } }, 'model_info.hardware must be a text, found 100'],
    [{ quantiles: 'abc' }, 'quantiles must be a list of numbers, found "abc"'],
    [{ quantiles: [0.9, 0.5] }, 'quantiles must be shares from 0 to 1 that ascend, found [0.9,0.5]'],
    [{ quantiles: [0.5, 0.5] }, 'quantiles must be shares from 0 to 1 that ascend'],
    [{ quantiles: [50, 90] }, 'quantiles must be shares from 0 to 1 that ascend'],
    [{ quantile_predictions: [10] }, 'quantile_predictions must be a list of 2 numbers, found [10]'],
    [
      { quantile_predictions: [30, 10] },
      'quantile_predictions must be numbers of at least 0 that do not fall',
    ],
    [{ quantile_predictions: [-1, 10] }, 'quantile_predictions must be numbers of at least 0'],
  ])('says which record and field is wrong: %j', (fields, message) => {
    expect(messageOf(JSON.stringify([GOOD, { ...GOOD, ...fields }]))).toContain(`record 2: ${message}`);
  });

  it.each([
    ['{', 'it is not JSON: '],
    ['{"records": []}', 'it must be a list of records, found {"records":[]}'],
    ['[7]', 'record 1: it must be a record, found 7'],
  ])('is refused as a whole: %s', (text, message) => {
    expect(messageOf(text)).toContain(message);
  });

  it('tells all mistakes at once, at most ten in words', () => {
    const bad = { ...GOOD, expect: -1 };
    expect(messageOf(JSON.stringify([bad, GOOD, bad])).split('\n')).toHaveLength(2);
    const lines = messageOf(JSON.stringify(Array.from({ length: 14 }, () => bad))).split('\n');
    expect(lines).toHaveLength(11);
    expect(lines.at(-1)).toBe('and 4 more mistakes');
  });
});

describe('a CSV table', () => {
  it('is read as JSON would be', () => {
    const csv = [
      'model_type,name,hardware,quantiles,quantile_predictions,expect,error,input_tokens,status',
      'm,n,H100,"[0.5,0.9]","[10,30]",12,3,512,success',
      'm,,,"[0.5,0.9]","[10,30]",,,,',
      '',
    ].join('\n');
    const quantiles = { levels: [0.5, 0.9], values: [10, 30] };
    expect(parseLookupTable(csv, 'csv')).toEqual([
      {
        isSuccess: true,
        modelType: 'm',
        info: { name: 'n', hardware: 'H100' },
        quantiles,
        expect: 12,
        error: 3,
        inputTokens: 512,
      },
      { isSuccess: true, modelType: 'm', info: {}, quantiles },
    ]);
  });

  it.each([
    ['model_type,speed\nm,1', 'the heading names a column "speed", allowed are status, model_type, type, '],
    ['model_type,expect\nm', 'row 1: has 1 cells, the heading has 2'],
    ['model_type,expect\nm,fast', 'row 1: expect must be a number above 0, found "fast"'],
    ['model_type,quantiles\nm,0.5;0.9', 'row 1: quantiles must be a list of numbers, found "0.5;0.9"'],
    ['model_type\n"m', 'line 2: a quote is not closed'],
  ])('says what is wrong: %j', (text, message) => {
    expect(messageOf(text, 'csv')).toContain(message);
  });
});
