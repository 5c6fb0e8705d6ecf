import { describe, expect, it } from 'vitest';
import { errorTypeOf } from './fastapi-errors.ts';
import { DIALECTS } from './index.ts';
import { prometheusPage } from './prometheus-page.ts';

describe('a page for Prometheus', () => {
  it('has help and type once for each name, and a line for each row', () => {
    const page = prometheusPage(
      [
        ['gauge', 'a', 'First.', 1],
        ['counter', 'b_total', 'Second.', 2.5, { kind: 'x' }],
        ['counter', 'b_total', 'Second.', 3, { kind: 'y' }],
      ],
      { model: 'm' },
    );
    expect(page.split('\n')).toEqual([
      '# HELP a First.',
      '# TYPE a gauge',
      'a{model="m"} 1',
      '# HELP b_total Second.',
      '# TYPE b_total counter',
      'b_total{model="m",kind="x"} 2.5',
      'b_total{model="m",kind="y"} 3',
      '',
    ]);
  });

  it('has no braces where there are no labels', () => {
    expect(prometheusPage([['gauge', 'a', 'First.', 0]], {})).toContain('\na 0\n');
  });
});

describe('errors', () => {
  const error = { status: 503, code: 'unavailable', message: 'later', param: 'model' };

  it.each([
    ['vllm', { error: { message: 'later', type: 'ServiceUnavailableError', param: 'model', code: 503 } }],
    [
      'sglang',
      { object: 'error', message: 'later', type: 'ServiceUnavailableError', param: 'model', code: 503 },
    ],
    ['llamacpp', { error: { message: 'later', type: 'unavailable_error', code: 503 } }],
  ] as const)('of %s', (dialect, body) => {
    expect(DIALECTS[dialect].errorBody(error)).toEqual(body);
  });

  it.each([
    [400, 'BadRequestError'],
    [404, 'NotFoundError'],
    [418, 'BadRequestError'],
    [429, 'RateLimitError'],
    [500, 'InternalServerError'],
    [599, 'InternalServerError'],
  ])('with status %d are a %s where FastAPI speaks', (status, type) => {
    expect(errorTypeOf(status)).toBe(type);
  });

  it.each([
    [400, 'invalid_request_error'],
    [404, 'not_found_error'],
    [500, 'server_error'],
    [599, 'server_error'],
  ])('with status %d are a %s in llama.cpp', (status, type) => {
    expect(DIALECTS.llamacpp.errorBody({ ...error, status })).toMatchObject({ error: { type } });
  });

  it('bear the name under which each dialect is known', () => {
    for (const [name, dialect] of Object.entries(DIALECTS)) expect(dialect.name).toBe(name);
  });
});
