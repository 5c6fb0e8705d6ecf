import { describe, expect, it } from 'vitest';
import { readServiceAnswer, serviceQuestion, serviceRequest } from './service-protocol.ts';

const WHERE = { hardware: 'A100', software_name: 'vllm', software_version: '0.2' };
const features = (metadata: object) =>
  serviceRequest('http://p', 'm', { ...WHERE, ...metadata }).json.trace.input_feature?.map(
    ({ param_name }) => param_name,
  );

describe('the request', () => {
  it('has its features in the order of the API, then in that of the metadata', () => {
    const given = { zeta: 1, duration: 2, input_tokens: 3, alpha: 4, batch_size: 5 };
    expect(features(given)).toEqual(['input_tokens', 'batch_size', 'duration', 'zeta', 'alpha']);
  });

  it('leaves out what is no number, and what has a place of its own', () => {
    expect(features({ note: 'x', server_time_cost: 5, is_warmup: true, none: null })).toBeUndefined();
  });

  it('cannot be led elsewhere by a name', () => {
    const { url } = serviceRequest('http://p/base/', 'org/model', { ...WHERE, hardware: '../../x?y' });
    expect(url).toBe('http://p/base/predict/single/org%2Fmodel/org%2Fmodel/..%2F..%2Fx%3Fy/vllm/0.2');
  });

  it('names the field that is missing', () => {
    const { software_version, ...rest } = WHERE;
    expect(() => serviceRequest('http://p', 'm', rest)).toThrow(
      "metadata must contain 'software_version' field",
    );
  });

  it('asks for a table where one is named', () => {
    const place = { model_type: 't', model_name: 'm', ...WHERE };
    const question = { place, uncachedTokens: 10.4, cachedTokens: 5, outputTokens: 7.6, batchSize: 2 };
    const { url, json } = serviceQuestion('http://p', question, 'one.json');
    expect(url).toBe('http://p/predict/single/t/m/A100/vllm/0.2');
    expect(json).toEqual({
      trace: {
        input_feature: [
          { param_name: 'input_tokens', val: 15 },
          { param_name: 'output_tokens', val: 8 },
          { param_name: 'batch_size', val: 2 },
          { param_name: 'cached_tokens', val: 5 },
        ],
        model_id: 'm',
      },
      confidence_level: 0.95,
      lookup_table: true,
      lookup_table_name: 'one.json',
    });
  });
});

describe('the answer', () => {
  it.each([
    ['a mean with an error', { status: 'success', expect: 20, error: 2 }, { mean: 20, standardDeviation: 2 }],
    [
      'quantiles alone',
      { status: 'success', expect: null, quantiles: [0.5], quantile_predictions: [7] },
      { mean: 7, standardDeviation: 0 },
    ],
    ['that it does not know', { status: 'error', expect: null }, undefined],
  ])('may be %s', (_, results, time) => {
    expect(readServiceAnswer({ results })).toEqual(time);
  });

  it.each<[unknown, string]>([
    [null, 'its answer has no results'],
    ['soon', 'its answer has no results'],
    [{ results: [] }, 'results.status must be success or error, found undefined'],
    [{ results: { status: 'success' } }, 'results has neither expect nor quantiles that make a time'],
    [
      { results: { status: 'success', quantiles: [0.5], quantile_predictions: [1, 2] } },
      'results has neither expect nor quantiles',
    ],
    [{ results: { status: 'success', expect: -4 } }, 'results has neither expect nor quantiles'],
  ])('is refused: %j', (answer, message) => {
    expect(() => readServiceAnswer(answer)).toThrow(message);
  });
});
