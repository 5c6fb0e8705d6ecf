import { describe, expect, it } from 'vitest';
import { readModelFigures, readModelKeys } from './xinference.ts';

const answer = (data: unknown) => JSON.stringify({ code: 200, data });

describe('what an XInference cluster says of its models', () => {
  it('is the share of each in use, within 0 and 1', () => {
    const found = readModelFigures(
      answer({
        model_metrics: [
          { model_id: 'a', throughput_utilization: 1.7 },
          { model_id: 'b', throughput_utilization: -3 },
          { model_id: 'c', throughput_utilization: '0.25' },
          { model_id: 'd', throughput_utilization: 'x' },
          { model_id: '', throughput_utilization: 0.1 },
          { throughput_utilization: 0.1 },
          'junk',
        ],
      }),
    );
    expect(found).toEqual({ ok: true, utilisation: new Map(Object.entries({ a: 1, b: 0, c: 0.25 })) });
  });

  it.each([
    ['{oops', 'the answer is not JSON'],
    ['[1]', 'the answer is not a JSON object'],
    ['{"code": "200"}', 'the answer says code "200"'],
    ['{"data": {}}', 'the answer says code undefined'],
    [answer([]), 'data is not an object'],
    [answer({ model_metrics: {} }), 'data.model_metrics is not a list'],
  ])('is nothing in %s', (text, message) => {
    expect(readModelFigures(text)).toEqual({ ok: false, message });
  });

  it('may be that there are none', () => {
    expect(readModelFigures('{"code": 200}')).toEqual({ ok: true, utilisation: new Map() });
  });
});

describe('what it says of the keys', () => {
  it('is which may use which model, each once and sorted', () => {
    const found = readModelKeys(
      answer({
        authorization_records: [
          { api_key: 'k2', model_ids: ['a', 'b', 'a'] },
          { api_key: 'k1', 'model_ids:': ['a'] },
          { api_key: '', model_ids: ['a'] },
          { api_key: 'k3', model_ids: 'a' },
          { api_key: 'k4', model_ids: [5, ''] },
        ],
      }),
    );
    expect(found).toEqual({ ok: true, keys: new Map(Object.entries({ a: ['k1', 'k2'], b: ['k2'] })) });
  });

  it('is nothing where the answer is wrong', () => {
    expect(readModelKeys(answer({ authorization_records: 5 }))).toEqual({
      ok: false,
      message: 'data.authorization_records is not a list',
    });
  });
});
