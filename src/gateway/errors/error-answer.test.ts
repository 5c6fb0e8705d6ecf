import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERROR_KINDS, type ErrorCode, SignalboxError } from '../../domain/index.ts';
import { errorAnswer } from './error-answer.ts';
import { MethodNotAllowedError } from './method-not-allowed.ts';

const CODES = Object.keys(ERROR_KINDS) as ErrorCode[];

describe('errorAnswer', () => {
  it.each(CODES)('writes %s with its status, type and code in the shape of OpenAI', (code) => {
    const answer = errorAnswer(new SignalboxError(code, 'what happened', { param: 'the.field' }));
    expect(answer.status).toBe(ERROR_KINDS[code].status);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.headers['x-should-retry']).toBe(ERROR_KINDS[code].retryable ? 'true' : 'false');
    expect(JSON.parse(answer.body)).toEqual({
      error: { message: 'what happened', type: ERROR_KINDS[code].type, param: 'the.field', code },
    });
  });

  it('has a null param where no field is to blame', () => {
    const answer = errorAnswer(new SignalboxError('queue_full', 'full'));
    expect(JSON.parse(answer.body)).toMatchObject({ error: { param: null } });
  });

  it.each([
    { retryAfterMs: 0, seconds: '1' },
    { retryAfterMs: 1, seconds: '1' },
    { retryAfterMs: 1000, seconds: '1' },
    { retryAfterMs: 1001, seconds: '2' },
    { retryAfterMs: 59_999.5, seconds: '60' },
  ])('rounds a wait of $retryAfterMs ms up to $seconds s', ({ retryAfterMs, seconds }) => {
    const { headers } = errorAnswer(new SignalboxError('queue_full', 'full', { retryAfterMs }));
    expect(headers['retry-after']).toBe(seconds);
  });

  it('names no wait where none is known', () => {
    expect(errorAnswer(new SignalboxError('queue_full', 'full')).headers).not.toHaveProperty('retry-after');
  });

  it('tells which scheme a missing key needs', () => {
    const { headers } = errorAnswer(new SignalboxError('invalid_api_key', 'no key'));
    expect(headers['www-authenticate']).toBe('Bearer realm="signalbox"');
  });

  it('lists the methods that a path has', () => {
    const answer = errorAnswer(new MethodNotAllowedError('PUT', '/v1/models', ['GET', 'HEAD']));
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('GET, HEAD');
    expect(JSON.parse(answer.body).error.message).toBe(
      '/v1/models does not answer PUT; it answers GET and HEAD.',
    );
  });

  it('hides the message of what was not foreseen', () => {
    const answer = errorAnswer(new TypeError('secret internals'));
    expect(answer.status).toBe(500);
    expect(answer.body).not.toContain('secret');
    expect(JSON.parse(answer.body)).toMatchObject({ error: { code: 'internal_error' } });
  });
});

describe('docs/errors.md', () => {
  const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
  const rows = new Map(
    page
      .split('\n')
      .map((line) => /^\| `([a-z_]+)` \| (\d{3}) \| `([a-z_]+)` \| (yes|no) \|/.exec(line))
      .filter((match) => match !== null)
      .map(([, code, status, type, retryable]) => [
        code,
        { status: Number(status), type, retryable: retryable === 'yes' },
      ]),
  );

  it.each(CODES)('lists %s as the table of errors has it', (code) => {
    expect(rows.get(code)).toEqual(ERROR_KINDS[code]);
  });

  it('lists nothing else', () => {
    expect([...rows.keys()].sort()).toEqual([...CODES].sort());
  });
});
