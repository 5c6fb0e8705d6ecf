import { describe, expect, it } from 'vitest';
import { until } from '../../src/gateway/transport/conformance/until.ts';
import { openSandbox } from './support/sandbox.ts';
import { brokenStream, DONE, json, openStream, type Script, stream, token } from './support/upstream.ts';

const sandbox = openSandbox();

const GOOD = stream([token('good', 'stop'), DONE]);
const NEVER: Script = () => {};
const UNREACHABLE = 'http://127.0.0.1:1';

/** Failures after which another instance is asked, for calls of a stream and others. */
const RETRIED: readonly [string, Script][] = [
  ['answers 502', json({ error: { message: 'bad gateway' } }, 502)],
  ['answers 503', json({ error: { message: 'loading' } }, 503)],
  ['answers 504', (response) => response.writeHead(504).end('<html>')],
  ['closes the connection without an answer', (response) => response.socket!.destroy()],
  [
    'sends headers and closes',
    (response) => response.writeHead(200).write('', () => response.socket!.destroy()),
  ],
  ['never answers', NEVER],
  ['redirects', (response) => response.writeHead(307, { location: UNREACHABLE }).end()],
  ['answers what is not HTTP', (response) => response.socket!.end('SSH-2.0-OpenSSH_9.9\r\n')],
  ['sends headers and hangs', (response) => response.writeHead(200, EVENTS).flushHeaders()],
];

const EVENTS = { 'content-type': 'text/event-stream' };

/** Failures that only a stream can have, all of them before its first event. */
const RETRIED_STREAMS: readonly [string, Script][] = [
  ['answers 200 and then an error at once', stream(['data: {"error":{"message":"oops","code":500}}\n\n'])],
  ['answers 200 and an error of no status', stream(['data: {"error":"oops"}\n\n', DONE])],
  ['says it lives, and then tells of an error', stream([': ping\n\n', 'event: error\ndata: {}\n\n'])],
  ['ends its stream before the first event', stream([': ping\n\n'])],
  ['breaks its stream in the first event', brokenStream(['data: {"choi'])],
  ['sends an event that is no JSON', stream(['data: garbage\n\n', DONE])],
  ['says it lives and then hangs', openStream([': ping\n\n'])],
];

const IMPATIENT = { relay: { firstByteTimeoutMs: 150, idleTimeoutMs: 150 } };

describe('another instance is asked when the first', () => {
  it.each(RETRIED)('%s', async (_, script) => {
    const [gateway, upstreams] = await sandbox.fleet([script, json({ id: 'good' })], IMPATIENT);
    const response = await gateway.chat();
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ id: 'good' });
    expect(response.headers.get('x-signalbox-instance')).toBe('i1');
    expect(response.headers.get('x-signalbox-attempts')).toBe('2');
    expect(upstreams.map(({ calls }) => calls.length)).toEqual([1, 1]);
    expect(upstreams[1]!.calls[0]!.body).toEqual(upstreams[0]!.calls[0]!.body);
    expect(gateway.observer.retries).toMatchObject([{ model: 'm', instanceId: 'i0' }]);
    expect(gateway.observer.record).toMatchObject({ outcome: 'completed', attempts: 2, instanceId: 'i1' });
    expect(gateway.held()).toBe(0);
  });

  it.each([...RETRIED, ...RETRIED_STREAMS])('%s, for a stream', async (_, script) => {
    const [gateway] = await sandbox.fleet([script, GOOD], IMPATIENT);
    const response = await gateway.chat({ stream: true });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(token('good', 'stop') + DONE);
    expect(response.headers.get('x-signalbox-attempts')).toBe('2');
    expect(gateway.held()).toBe(0);
  });

  it('cannot be reached', async () => {
    const upstream = await sandbox.upstream(json({ id: 'good' }));
    const gateway = await sandbox.gateway({ instances: [UNREACHABLE, upstream.url] });
    const response = await gateway.chat();
    expect(response.status).toBe(200);
    expect(gateway.observer.retries).toEqual([
      { model: 'm', instanceId: 'i0', reason: 'upstream_unreachable' },
    ]);
  });
});

/** What a caller is told when nobody else can be asked: failure, status, code. */
const EXHAUSTED: readonly [string, Script, number, string][] = [
  ['answers 503 in HTML', (response) => response.writeHead(503).end('<html>'), 503, 'upstream_error'],
  ['closes the connection', (response) => response.socket!.destroy(), 502, 'upstream_disconnected'],
  ['never answers', NEVER, 504, 'upstream_timeout'],
  ['redirects', (response) => response.writeHead(302).end(), 502, 'upstream_invalid_response'],
  [
    'answers what is not HTTP',
    (response) => response.socket!.end('no\r\n'),
    502,
    'upstream_invalid_response',
  ],
  ['sends garbage', stream(['data: garbage\n\n']), 502, 'upstream_invalid_response'],
  ['sends nothing', stream([]), 502, 'upstream_invalid_response'],
];

describe('with nobody else to ask, the caller is told when the instance', () => {
  it.each(EXHAUSTED)('%s', async (_, script, status, code) => {
    const [gateway] = await sandbox.pair(script, IMPATIENT);
    const response = await gateway.chat({ stream: true });
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('x-signalbox-instance')).toBe('i0');
    expect(await response.json()).toMatchObject({ error: { code, param: null } });
    expect(gateway.observer.record).toMatchObject({
      outcome: 'failed',
      status,
      errorCode: code,
      attempts: 1,
    });
    expect(gateway.held()).toBe(0);
  });

  it('cannot be reached', async () => {
    const gateway = await sandbox.gateway({ instances: [UNREACHABLE] });
    const response = await gateway.chat();
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ error: { code: 'upstream_unreachable' } });
  });

  it('answers 503 in OpenAI’s shape, in its own words', async () => {
    const said = { error: { message: 'Loading model', type: 'unavailable_error', code: 503 } };
    const [gateway] = await sandbox.pair(json(said, 503, { 'retry-after': '7' }));
    const response = await gateway.chat();
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('7');
    expect(await response.json()).toEqual(said);
  });

  it('answers 200 and then an error at once, with the error’s status and words', async () => {
    const said = { error: { message: 'out of memory', type: 'InternalServerError', code: 500 } };
    const [gateway] = await sandbox.pair(stream([`data: ${JSON.stringify(said)}\n\n`, DONE]));
    const response = await gateway.chat({ stream: true });
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual(said);
  });
});

describe('what is the caller’s own mistake', () => {
  const SAID = { object: 'error', message: 'too long', type: 'BadRequestError', param: null, code: 400 };

  it('is passed on as the engine said it, and nobody else is asked', async () => {
    const [gateway, upstreams] = await sandbox.fleet([json(SAID, 400, { 'x-why': 'length' }), json({})]);
    const response = await gateway.chat();
    expect(response.status).toBe(400);
    expect(response.headers.get('x-why')).toBe('length');
    expect(await response.json()).toEqual(SAID);
    expect(upstreams[1]!.calls).toHaveLength(0);
    expect(gateway.observer.record).toMatchObject({ outcome: 'failed', status: 400, attempts: 1 });
  });

  it('never ejects the instance', async () => {
    const [gateway] = await sandbox.pair(json(SAID, 422));
    for (let count = 0; count < 10; count++) await (await gateway.chat()).text();
    expect(gateway.scheduler.instances()).toMatchObject([{ state: 'ready', consecutiveFailures: 0 }]);
  });

  it('gets its own status when a stream tells of it in its first event', async () => {
    const [gateway, upstreams] = await sandbox.fleet([
      stream([`data: ${JSON.stringify(SAID)}\n\n`, DONE]),
      GOOD,
    ]);
    const response = await gateway.chat({ stream: true });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual(SAID);
    expect(upstreams[1]!.calls).toHaveLength(0);
  });

  it('is passed on whole however long it is', async () => {
    const long = 'x'.repeat(300_000);
    const [gateway] = await sandbox.pair(json({ error: { message: long } }, 400));
    const response = await gateway.chat();
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: { message: long } });
  });
});

describe('a 500', () => {
  const SAID = { error: { message: 'boom', type: 'InternalServerError', param: null, code: 500 } };

  it('is the instance’s fault, but not retried: the request itself may be what fells it', async () => {
    const [gateway, upstreams] = await sandbox.fleet([json(SAID, 500), json({})]);
    const response = await gateway.chat();
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual(SAID);
    expect(upstreams[1]!.calls).toHaveLength(0);
    expect(gateway.scheduler.instances()[0]!.consecutiveFailures).toBe(1);
  });

  it('is retried where that is wanted', async () => {
    const [gateway] = await sandbox.fleet([json(SAID, 500), json({ id: 'good' })], {
      relay: { retriedStatuses: [500, 502, 503, 504] },
    });
    expect((await gateway.chat()).status).toBe(200);
  });
});

describe('a 429', () => {
  it('makes the request wait, and is nobody’s fault', async () => {
    let calls = 0;
    const [gateway] = await sandbox.pair((response, call) => {
      calls += 1;
      if (calls === 1) json({ error: { message: 'busy' } }, 429, { 'retry-after': '0.05' })(response, call);
      else json({ id: 'good' })(response, call);
    });
    const response = await gateway.chat();
    expect(response.status).toBe(200);
    expect(response.headers.get('x-signalbox-attempts')).toBe('2');
    expect(gateway.scheduler.counters()).toMatchObject({
      pushedBack: 1,
      retried: 0,
      failed: 0,
      completed: 1,
    });
    expect(gateway.observer.retries).toEqual([]);
    expect(gateway.held()).toBe(0);
  });

  it('in the first event of a stream counts the same', async () => {
    const busy = stream(['data: {"error":{"message":"busy","code":429}}\n\n']);
    const [gateway] = await sandbox.fleet([busy, GOOD], { relay: { pushBackMs: 10_000 } });
    const response = await gateway.chat({ stream: true });
    expect(await response.text()).toContain('good');
    expect(gateway.scheduler.counters()).toMatchObject({ pushedBack: 1, failed: 0 });
  });
});

describe('after the first byte of an answer', () => {
  it('a stream that breaks ends with an error event, and nobody else is asked', async () => {
    const [gateway, upstreams] = await sandbox.fleet([brokenStream([token('a'), token('b')]), GOOD]);
    const response = await gateway.chat({ stream: true });
    const text = await response.text();
    expect(text.startsWith(token('a') + token('b'))).toBe(true);
    expect(lastEvent(text)).toMatchObject({ error: { code: 'upstream_disconnected', type: 'server_error' } });
    expect(upstreams[1]!.calls).toHaveLength(0);
    expect(gateway.observer.record).toMatchObject({
      outcome: 'failed',
      status: 200,
      errorCode: 'upstream_disconnected',
    });
    expect(gateway.held()).toBe(0);
  });

  it('a stream that breaks within an event still ends with an event of its own for the error', async () => {
    const [gateway] = await sandbox.pair(brokenStream([token('a'), 'data: {"choices":[{"del']));
    const text = await (await gateway.chat({ stream: true })).text();
    expect(lastEvent(text)).toMatchObject({ error: { code: 'upstream_disconnected' } });
  });

  it('a stream that hangs ends with an error event', async () => {
    const [gateway, upstream] = await sandbox.pair(openStream([token('a')]), {
      relay: { idleTimeoutMs: 100 },
    });
    const text = await (await gateway.chat({ stream: true })).text();
    expect(lastEvent(text)).toMatchObject({ error: { code: 'upstream_timeout', type: 'timeout_error' } });
    await until(() => upstream.calls[0]!.abortedAtMs !== undefined, 'the engine is let go of');
  });

  it('a stream that ends in the middle, without a reason and [DONE], ends with an error event', async () => {
    const [gateway] = await sandbox.pair(stream([token('a'), token('b')]));
    const text = await (await gateway.chat({ stream: true })).text();
    expect(lastEvent(text)).toMatchObject({ error: { code: 'upstream_disconnected' } });
  });

  it('a stream that ends with a reason needs no [DONE]', async () => {
    const [gateway] = await sandbox.pair(stream([token('a'), token('b', 'length')]));
    const text = await (await gateway.chat({ stream: true })).text();
    expect(text).toBe(token('a') + token('b', 'length'));
    expect(gateway.observer.record.outcome).toBe('completed');
  });

  it('an error that the engine tells itself is passed on, and counted as failed', async () => {
    const error = 'data: {"error":{"message":"engine died","code":500}}\n\n';
    const [gateway] = await sandbox.pair(stream([token('a'), error]));
    const text = await (await gateway.chat({ stream: true })).text();
    expect(text).toBe(token('a') + error);
    expect(gateway.observer.record).toMatchObject({ outcome: 'failed', errorCode: 'upstream_error' });
  });

  it('an answer that is no stream is cut off, so that nobody takes it for whole', async () => {
    const [gateway] = await sandbox.pair((response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"id":', () => setTimeout(() => response.socket!.destroy(), 30));
    });
    const response = await gateway.chat();
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
    expect(gateway.observer.record).toMatchObject({ outcome: 'failed', errorCode: 'upstream_disconnected' });
  });
});

describe('the scheduler’s limits', () => {
  it('end the tries: the last failure is told after two retries', async () => {
    const fail = json({ error: { message: 'down' } }, 503);
    const [gateway, upstreams] = await sandbox.fleet([fail, fail, fail, GOOD]);
    const response = await gateway.chat();
    expect(response.status).toBe(503);
    expect(response.headers.get('x-signalbox-attempts')).toBe('3');
    expect(upstreams.map(({ calls }) => calls.length)).toEqual([1, 1, 1, 0]);
  });

  it('eject an instance that keeps failing', async () => {
    const [gateway, [bad]] = await sandbox.fleet([json({}, 503), json({ id: 'good' })], {
      scheduler: { retries: { maxRetries: 2, budgetShare: 1 } },
    });
    for (let count = 0; count < 12; count++) expect((await gateway.chat()).status).toBe(200);
    expect(gateway.scheduler.instances()[0]!.state).toBe('ejected');
    expect(bad!.calls).toHaveLength(3);
  });
});

function lastEvent(text: string): unknown {
  expect(text.endsWith('\n\n')).toBe(true);
  const event = text.trimEnd().split('\n\n').at(-1)!;
  return JSON.parse(event.slice('data: '.length));
}
