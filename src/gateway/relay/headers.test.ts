import { describe, expect, it } from 'vitest';
import { isEventStream, readRetryAfterMs, toCallerHeaders, toEngineHeaders } from './headers.ts';

const FACTS = {
  requestId: 'r-1',
  contentType: 'application/json',
  instanceHeaders: {},
  forwardsCredentials: false,
};

const asObject = (pairs: readonly string[]) => {
  const entries: [string, string][] = [];
  for (let at = 0; at < pairs.length; at += 2) entries.push([pairs[at]!, pairs[at + 1]!]);
  return Object.fromEntries(entries);
};

const BELONGING_TO_A_CONNECTION = {
  connection: 'keep-alive, X-Private',
  'keep-alive': 'timeout=5',
  'proxy-authenticate': 'Basic',
  'proxy-authorization': 'Basic x',
  'proxy-connection': 'keep-alive',
  te: 'trailers',
  trailer: 'x',
  'transfer-encoding': 'chunked',
  upgrade: 'h2c',
  'x-private': '1',
};

describe('toEngineHeaders', () => {
  it('passes on what the caller sent', () => {
    const headers = { 'user-agent': 'me', accept: '*/*', traceparent: '00-1' };
    expect(asObject(toEngineHeaders(headers, FACTS))).toEqual({
      ...headers,
      'content-type': 'application/json',
      'x-request-id': 'r-1',
    });
  });

  it('leaves out what belongs to one connection', () => {
    const pairs = toEngineHeaders({ ...BELONGING_TO_A_CONNECTION, 'x-public': '1' }, FACTS);
    expect(Object.keys(asObject(pairs)).sort()).toEqual(['content-type', 'x-public', 'x-request-id']);
  });

  it('leaves out what is set anew for each engine', () => {
    const headers = { host: 'h', 'content-length': '5', expect: '100-continue', 'accept-encoding': 'gzip' };
    expect(Object.keys(asObject(toEngineHeaders(headers, FACTS)))).toEqual(['content-type', 'x-request-id']);
  });

  it('keeps a caller’s own request id', () => {
    expect(asObject(toEngineHeaders({ 'x-request-id': 'mine' }, FACTS))['x-request-id']).toBe('mine');
  });

  it('keeps credentials from engines unless they are meant for them', () => {
    const secrets = { authorization: 'a', 'x-api-key': 'b', 'api-key': 'c' };
    expect(asObject(toEngineHeaders(secrets, FACTS))).not.toHaveProperty('authorization');
    expect(asObject(toEngineHeaders(secrets, { ...FACTS, forwardsCredentials: true }))).toMatchObject(
      secrets,
    );
  });

  it('lets an instance’s own headers win', () => {
    const facts = {
      ...FACTS,
      forwardsCredentials: true,
      instanceHeaders: { authorization: 'own', 'x-a': '1' },
    };
    const pairs = toEngineHeaders({ authorization: 'caller', 'x-a': '2' }, facts);
    expect(asObject(pairs)).toMatchObject({ authorization: 'own', 'x-a': '1' });
    expect(pairs.filter((name) => name === 'x-a')).toHaveLength(1);
  });

  it('is not confused by names that objects have by themselves', () => {
    expect(asObject(toEngineHeaders({ constructor: 'x' }, FACTS)).constructor).toBe('x');
  });

  it('repeats what came as a list', () => {
    const pairs = toEngineHeaders({ 'set-cookie': ['a', 'b'] }, FACTS);
    expect(pairs.slice(2, 6)).toEqual(['set-cookie', 'a', 'set-cookie', 'b']);
  });
});

describe('toCallerHeaders', () => {
  it('passes on what the engine sent, and adds ours', () => {
    const pairs = toCallerHeaders({ 'content-type': 'a/b', server: 'vllm' }, ['x-signalbox-instance', 'i0']);
    expect(pairs).toEqual(['content-type', 'a/b', 'server', 'vllm', 'x-signalbox-instance', 'i0']);
  });

  it('leaves out what belongs to one connection, and what the engine says in our name', () => {
    const headers = { ...BELONGING_TO_A_CONNECTION, 'x-signalbox-instance': 'other' };
    expect(toCallerHeaders(headers, [])).toEqual([]);
  });
});

describe('isEventStream', () => {
  it.each([
    ['text/event-stream', true],
    ['text/event-stream; charset=utf-8', true],
    ['Text/Event-Stream', true],
    ['application/json', false],
    [undefined, false],
  ])('%s: %s', (type, expected) => {
    expect(isEventStream({ 'content-type': type })).toBe(expected);
  });

  it('does not look into compressed streams', () => {
    expect(isEventStream({ 'content-type': 'text/event-stream', 'content-encoding': 'gzip' })).toBe(false);
  });
});

describe('readRetryAfterMs', () => {
  const NOW_MS = Date.UTC(2026, 0, 1);
  it.each([
    ['2', 2000],
    ['0.5', 500],
    ['0', 0],
    ['-1', 0],
    ['Thu, 01 Jan 2026 00:00:03 GMT', 3000],
    ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%s is %s ms', (value, expected) => {
    expect(readRetryAfterMs({ 'retry-after': value }, NOW_MS)).toBe(expected);
  });
});
