import { describe, expect, it } from 'vitest';
import { connectionFailure, engineError } from './attempt-failure.ts';

describe('connectionFailure', () => {
  it.each([
    ['unreachable', 'upstream_unreachable', true],
    ['disconnected', 'upstream_disconnected', true],
    ['not-http', 'upstream_invalid_response', true],
    ['unsendable', 'internal_error', false],
  ] as const)('%s is %s', (kind, code, isInstanceFault) => {
    const failure = connectionFailure('i7', { kind, message: 'ECONNREFUSED' });
    expect(failure).toMatchObject({ isInstanceFault, mayRetry: isInstanceFault });
    expect(failure.error.code).toBe(code);
    expect(failure.error.message).toMatch(/ i7 .*\(ECONNREFUSED\)\.$/);
  });
});

describe('engineError', () => {
  const answer = (status: number, text: string, headers = {}) => ({
    status,
    headers,
    body: Buffer.from(text),
  });

  it.each([
    [400, false],
    [404, false],
    [499, false],
    [500, true],
    [503, true],
  ])('a %i is the instance’s fault: %s', (status, isInstanceFault) => {
    expect(engineError('i', answer(status, ''), false).isInstanceFault).toBe(isInstanceFault);
  });

  it('quotes what the engine said, up to a length', () => {
    expect(engineError('i', answer(503, ' busy '), true).error.message).toBe('Instance i answered 503: busy');
    expect(engineError('i', answer(503, ''), true).error.message).toBe('Instance i answered 503.');
    expect(engineError('i', answer(503, 'x'.repeat(10_000)), true).error.message).toHaveLength(
      'Instance i answered 503: '.length + 500,
    );
  });

  it('knows when to come back if the engine said so', () => {
    expect(engineError('i', answer(503, '', { 'retry-after': '3' }), true).error.retryAfterMs).toBe(3000);
    expect(engineError('i', answer(503, ''), true).error.retryAfterMs).toBeUndefined();
  });
});
