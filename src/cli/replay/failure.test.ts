import { errors } from 'undici';
import { describe, expect, it } from 'vitest';
import { describeConnectError, failureKey, httpFailure, streamFailure, transportFailure } from './failure.ts';

function coded(code: string, message = 'it broke'): Error {
  return Object.assign(new Error(message), { code });
}

describe('httpFailure', () => {
  it("reads OpenAI's shape", () => {
    const body = JSON.stringify({ error: { message: 'full', type: 'rate_limit_error', code: 'queue_full' } });
    const failure = httpFailure(429, body);
    expect(failure).toEqual({ kind: 'http', status: 429, code: 'queue_full', message: 'full' });
    expect(failureKey(failure)).toBe('http 429 queue_full');
  });

  it('takes the type where there is no code, and no code that only repeats the status', () => {
    const typed = JSON.stringify({ error: { message: 'no', type: 'bad', code: null } });
    expect(httpFailure(400, typed)).toMatchObject({ code: 'bad' });
    const repeated = JSON.stringify({ error: { message: 'no', code: 400 } });
    expect(failureKey(httpFailure(400, repeated))).toBe('http 400');
  });

  it.each([
    ['<html>\n  Bad   Gateway</html>', '<html> Bad Gateway</html>'],
    ['{"error":"plain words"}', 'plain words'],
    ['{"detail":"other"}', '{"detail":"other"}'],
    ['null', 'null'],
    ['', ''],
  ])('shows what else the body %j says', (body, message) => {
    expect(httpFailure(502, body)).toEqual({ kind: 'http', status: 502, message });
  });

  it('shortens a long message', () => {
    expect(httpFailure(500, 'x'.repeat(500)).message).toHaveLength(160);
  });
});

describe('streamFailure', () => {
  it('reads an error event', () => {
    const failure = streamFailure('{"error":{"message":"lost","code":"upstream_disconnected"}}');
    expect(failure).toEqual({ kind: 'stream_error', code: 'upstream_disconnected', message: 'lost' });
  });

  it.each(['{"error":null}', '{"choices":[]}', 'nonsense'])('sees none in %s', (data) => {
    expect(streamFailure(data)).toBeUndefined();
  });
});

describe('transportFailure', () => {
  it.each([
    ['ECONNREFUSED', false, 'connect'],
    ['ENOTFOUND', false, 'connect'],
    ['UND_ERR_CONNECT_TIMEOUT', false, 'connect'],
    ['UND_ERR_SOCKET', false, 'disconnected'],
    ['ECONNRESET', false, 'disconnected'],
    ['UND_ERR_SOCKET', true, 'truncated'],
    ['HPE_INVALID_CHUNK_SIZE', true, 'truncated'],
  ])('sorts %s with the answer begun: %s under %s', (code, hasBegun, kind) => {
    expect(transportFailure(coded(code), hasBegun)).toMatchObject({ kind, code });
  });

  it('does without a code', () => {
    expect(transportFailure(new Error('odd'), false)).toEqual({ kind: 'disconnected', message: 'odd' });
  });

  it("knows undici's own errors by their codes", () => {
    expect(transportFailure(new errors.ConnectTimeoutError(), false).kind).toBe('connect');
    expect(transportFailure(new errors.SocketError('other side closed'), true).kind).toBe('truncated');
  });
});

describe('describeConnectError', () => {
  it('says what to look at', () => {
    expect(describeConnectError(coded('ECONNREFUSED', ''))).toBe(
      'connection refused, nothing listens there (ECONNREFUSED)',
    );
    expect(describeConnectError(coded('EMFILE'))).toBe('too many open files here (ulimit -n) (EMFILE)');
    expect(describeConnectError(new DOMException('late', 'TimeoutError'))).toBe('no answer in time');
    expect(describeConnectError('words')).toBe('words');
  });
});
