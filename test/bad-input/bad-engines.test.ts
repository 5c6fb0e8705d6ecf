import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { RemoteInstanceConfig } from '../../src/config/config.ts';
import {
  brokenStream,
  DONE,
  json,
  openStream,
  type Script,
  stream,
  token,
} from '../gateway/support/upstream.ts';
import { type Failure, failureOf } from './support/calls.ts';
import { ANSWER } from './support/engine.ts';
import { eventually } from './support/eventually.ts';
import { type House, openHouses } from './support/house.ts';

const startHouse = openHouses();

/** Short enough for tests; the queue gives up on retries at once. */
const HASTY = {
  upstream: { firstByteTimeoutMs: 200, idleTimeoutMs: 200, pushBackMs: 100 },
  retries: { maxRetries: 2, budgetShare: 1 },
  queue: { noInstanceWaitMs: 100 },
};

const SSE = { 'content-type': 'text/event-stream' };
const STREAMED = stream([token('fine', 'stop'), DONE]);

const headersOnly: Script = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
};
const streamHeadersOnly: Script = (response) => {
  response.writeHead(200, SSE);
  response.flushHeaders();
};
const silence: Script = () => {};
const hangUp: Script = (response) => void response.socket?.destroy();
const redirect: Script = (response) => {
  response.writeHead(307, { location: 'http://127.0.0.1:9/elsewhere' });
  response.end();
};
const halfBody: Script = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
  response.write('{"id":', () => response.socket?.destroy());
};

interface Misbehaviour {
  readonly what: string;
  readonly script: Script;
  readonly status: number;
  readonly code: string;
  readonly stream?: boolean;
}

/** What an engine does instead of beginning an answer: another one is tried, and it takes three failures to fail the call. */
const BEFORE_THE_ANSWER: readonly Misbehaviour[] = [
  { what: 'answers nothing', script: silence, status: 504, code: 'upstream_timeout' },
  { what: 'sends headers and hangs', script: headersOnly, status: 504, code: 'upstream_timeout' },
  {
    what: 'sends headers of a stream and hangs',
    script: streamHeadersOnly,
    status: 504,
    code: 'upstream_timeout',
    stream: true,
  },
  { what: 'closes without an answer', script: hangUp, status: 502, code: 'upstream_disconnected' },
  {
    what: 'closes a stream before its first event',
    script: brokenStream([': hello\n\n']),
    status: 502,
    code: 'upstream_disconnected',
    stream: true,
  },
  {
    what: 'ends a stream before its first event',
    script: stream([': hello\n\n']),
    status: 502,
    code: 'upstream_invalid_response',
    stream: true,
  },
  { what: 'redirects', script: redirect, status: 502, code: 'upstream_invalid_response' },
  {
    what: 'sends events that are no JSON',
    script: stream(['data: <html>oops</html>\n\n']),
    status: 502,
    code: 'upstream_invalid_response',
    stream: true,
  },
  {
    what: 'sends events that are JSON of another kind',
    script: stream(['data: [1,2]\n\n']),
    status: 502,
    code: 'upstream_invalid_response',
    stream: true,
  },
  {
    what: 'calls a stream what has no events at all',
    script: stream(['\u0000\u0001 this is not server-sent events ', 'and goes on and on']),
    status: 502,
    code: 'upstream_invalid_response',
    stream: true,
  },
  ...[502, 503, 504].map((status) => ({
    what: `answers ${status} in words of its own`,
    script: json({ error: { message: 'no', type: 'x', code: `engine_${status}`, param: null } }, status),
    status,
    code: `engine_${status}`,
  })),
  {
    what: 'answers 503 with a web page',
    script: (response) => response.writeHead(503, { 'content-type': 'text/html' }).end('<h1>down</h1>'),
    status: 503,
    code: 'upstream_error',
  },
  {
    what: 'answers 200 and then an error of the kind 503',
    script: stream(['data: {"error":{"message":"full","type":"x","code":503}}\n\n']),
    status: 503,
    code: '503',
    stream: true,
  },
];

async function failing(
  house: House,
  isStream: boolean | undefined,
): Promise<Failure & { attempts: string | null }> {
  const response = await house.chat(isStream ? { stream: true } : {});
  return { ...(await failureOf(response)), attempts: response.headers.get('x-signalbox-attempts') };
}

describe.each(BEFORE_THE_ANSWER)('an engine that $what', ({ script, status, code, stream: isStream }) => {
  it('is hidden from the caller by another that does not', async () => {
    const house = await startHouse([script, isStream ? STREAMED : ANSWER], {
      config: { ...HASTY, routing: 'round-robin' },
    });
    const response = await house.chat(isStream ? { stream: true } : {});
    expect([response.status, response.headers.get('x-signalbox-instance')]).toEqual([200, 'e1']);
    expect(await response.text()).toContain('fine');
    expect([house.engines[0]!.calls.length, house.engines[1]!.calls.length]).toEqual([1, 1]);
    expect(await house.metrics()).toMatch(/^signalbox_retries_total\{[^}]*instance_id="e0"[^}]*\} 1$/m);
  });

  it(`is told of as ${status} ${code} once all have been tried`, async () => {
    const house = await startHouse([script, script, script], { config: HASTY });
    const failure = await failing(house, isStream);
    expect(failure).toMatchObject({ status, attempts: '3' });
    expect(String(failure.error.code)).toBe(code);
    expect(house.engines.map(({ calls }) => calls.length)).toEqual([1, 1, 1]);
  });
});

describe('an engine that fails in a way that another would not mend', () => {
  it('is asked once when it answers 500', async () => {
    const script = json({ error: { message: 'CUDA', type: 'x', code: 'boom', param: null } }, 500);
    const house = await startHouse([script, script], { config: HASTY });
    expect(await failing(house, false)).toMatchObject({
      status: 500,
      error: { code: 'boom' },
      attempts: '1',
    });
  });

  it('has its 400 passed on as it is, and is not blamed', async () => {
    const script = json({ error: { message: 'bad', type: 'x', code: 'too_long', param: 'messages' } }, 400);
    const house = await startHouse([script], { config: HASTY });
    for (let call = 0; call < 4; call += 1) {
      expect(await failing(house, false)).toMatchObject({ status: 400, error: { code: 'too_long' } });
    }
    expect(await house.admin('/admin/instances/e0')).toMatchObject({
      state: 'ready',
      consecutiveFailures: 0,
    });
  });

  it('has the error after its 200 passed on as what it is', async () => {
    const script = stream([
      'data: {"error":{"message":"bad","type":"BadRequestError","code":400}}\n\n',
      DONE,
    ]);
    const house = await startHouse([script], { config: HASTY });
    const response = await house.chat({ stream: true });
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await failureOf(response)).toEqual({
      status: 400,
      error: { message: 'bad', type: 'BadRequestError', code: 400 },
    });
  });
});

/** What an engine does once its answer has begun: the caller must see that it is not whole. */
const WITHIN_A_STREAM: readonly { what: string; script: Script; code: string }[] = [
  { what: 'closes', script: brokenStream([token('a'), token('b')]), code: 'upstream_disconnected' },
  {
    what: 'closes within an event',
    script: brokenStream([token('a'), token('b'), 'data: {"cho']),
    code: 'upstream_disconnected',
  },
  {
    what: 'ends without saying why',
    script: stream([token('a'), token('b')]),
    code: 'upstream_disconnected',
  },
  { what: 'falls silent', script: openStream([token('a'), token('b')]), code: 'upstream_timeout' },
];

describe.each(WITHIN_A_STREAM)('an engine that $what in the middle of a stream', ({ script, code }) => {
  it('has what came passed on, and then an error event; nobody else is asked', async () => {
    const house = await startHouse([script, script], { config: HASTY });
    const response = await house.chat({ stream: true });
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text.startsWith(token('a') + token('b'))).toBe(true);
    const last = text.trimEnd().split('\n\n').at(-1)!;
    expect(JSON.parse(last.slice('data: '.length))).toMatchObject({
      error: { code, type: expect.any(String) },
    });
    expect(text).not.toContain('[DONE]');
    expect(house.engines.flatMap(({ calls }) => calls)).toHaveLength(1);
    const failed = /signalbox_requests_total\{[^}]*outcome="failed"[^}]*\} 1$/m;
    await eventually(async () => expect(await house.metrics()).toMatch(failed));
  });
});

describe('an engine that breaks off', () => {
  it('a whole answer in its middle has the caller’s connection cut, not ended', async () => {
    const house = await startHouse([halfBody], { config: HASTY });
    const response = await house.chat();
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
  });

  it('a stream with garbage after a good beginning has that passed on, and an error event after it', async () => {
    const garbage = '\u0000\u0001garbage\nwithout end';
    const house = await startHouse([stream([token('a'), garbage])], { config: HASTY });
    const text = await (await house.chat({ stream: true })).text();
    expect(text.startsWith(token('a') + garbage)).toBe(true);
    expect(text).toContain('"code":"upstream_disconnected"');
  });

  it('with an error event of its own has that passed on, and is blamed', async () => {
    const event = 'data: {"error":{"message":"out of memory","code":500}}\n\n';
    const house = await startHouse([stream([token('a'), event])], { config: HASTY });
    expect(await (await house.chat({ stream: true })).text()).toBe(token('a') + event);
    expect(await house.admin('/admin/instances/e0')).toMatchObject({ consecutiveFailures: 1 });
  });
});

describe('an engine that answers 429', () => {
  const full = (headers: Record<string, string> = {}) =>
    json({ error: { message: 'full', type: 'x', code: 'full', param: null } }, 429, headers);

  it('is asked again after a rest, as nothing failed', async () => {
    const house = await startHouse([full()], { config: HASTY });
    const answer = house.chat();
    await eventually(() => expect(house.engine.calls.length).toBeGreaterThan(1));
    house.engine.script = ANSWER;
    expect((await answer).status).toBe(200);
    expect(await house.admin('/admin/instances/e0')).toMatchObject({
      state: 'ready',
      consecutiveFailures: 0,
    });
    expect(await house.metrics()).not.toMatch(/^signalbox_retries_total\{.*\} [1-9]/m);
  });

  it('is left alone for as long as its Retry-After says, while others serve', async () => {
    const house = await startHouse([full({ 'retry-after': '30' }), ANSWER], {
      config: { ...HASTY, routing: 'round-robin' },
    });
    for (let call = 0; call < 5; call += 1) {
      const response = await house.chat();
      expect([response.status, response.headers.get('x-signalbox-instance')]).toEqual([200, 'e1']);
    }
    expect(house.engines[0]!.calls).toHaveLength(1);
  });

  it('has its Retry-After kept: the request waits that long and no longer', async () => {
    const house = await startHouse([full({ 'retry-after': '1' })], { config: HASTY });
    const sentAtMs = performance.now();
    const answer = house.chat();
    await eventually(() => expect(house.engine.calls).toHaveLength(1));
    house.engine.script = ANSWER;
    expect((await answer).status).toBe(200);
    expect(performance.now() - sentAtMs).toBeGreaterThanOrEqual(990);
    expect(house.engine.calls).toHaveLength(2);
  });

  it('to no end keeps a request only until its deadline', async () => {
    const house = await startHouse([full()], { config: HASTY });
    const response = await house.chat({}, { headers: { 'x-signalbox-deadline-ms': '400' } });
    expect(await failureOf(response)).toMatchObject({
      status: 504,
      error: { code: 'deadline_exceeded', type: 'timeout_error' },
    });
  });
});

describe('an engine that sends 1 GB', () => {
  const GIGABYTE = 1e9;
  const PIECE = Buffer.from(`data: {"choices":[{"delta":{"content":"${'x'.repeat(249_900)}"}}]}\n\n`);

  const gigabyte: Script = (response) => {
    response.writeHead(200, SSE);
    let sent = 0;
    const more = () => {
      while (sent < GIGABYTE && !response.destroyed) {
        sent += PIECE.length;
        if (!response.write(PIECE)) {
          response.once('drain', more);
          return;
        }
      }
      response.end(token('', 'stop') + DONE);
    };
    more();
  };

  it('has it passed on to the last byte, in bounded memory', { timeout: 60_000 }, async () => {
    const house = await startHouse([gigabyte]);
    const response = await house.chat({ stream: true });
    const before = process.memoryUsage.rss();
    let received = 0;
    let mostGrown = 0;
    let last = '';
    for await (const bytes of response.body!) {
      received += bytes.length;
      mostGrown = Math.max(mostGrown, process.memoryUsage.rss() - before);
      last = Buffer.from(bytes.slice(-20)).toString();
    }
    expect(received).toBeGreaterThan(GIGABYTE);
    expect(last.endsWith(DONE)).toBe(true);
    expect(mostGrown).toBeLessThan(300e6);
  });
});

/** What an instance answers that listens at `url` in place of the first engine. */
async function failureAt(house: House, url: string): Promise<Failure> {
  const { config } = house.app;
  const [first, ...others] = config.instances;
  await house.app.apply({ ...config, instances: [{ ...first, url } as RemoteInstanceConfig, ...others] });
  try {
    return await failing(house, false);
  } finally {
    await house.app.apply(config);
  }
}

/** Listens on a free port, with `words` for whoever says something. */
async function startTalker(words: string): Promise<{ url: string; close(): Promise<unknown> }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.once('data', () => socket.write(words));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('at an address', () => {
  it('where nobody listens, the call ends with 502 upstream_unreachable', async () => {
    const house = await startHouse([ANSWER], { config: HASTY });
    const { url, close } = await startTalker('');
    await close();
    expect(await failureAt(house, url)).toMatchObject({
      status: 502,
      error: { code: 'upstream_unreachable', type: 'server_error' },
    });
  });

  it.each([
    ['no HTTP is spoken', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['two lengths are given', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx'],
    ['headers have no end', `HTTP/1.1 200 OK\r\nx-long: ${'a'.repeat(200_000)}`],
  ])('where %s, it ends with 502 upstream_invalid_response', async (_, words) => {
    const house = await startHouse([ANSWER], { config: HASTY });
    const { url, close } = await startTalker(words);
    expect(await failureAt(house, url)).toMatchObject({
      status: 502,
      error: { code: 'upstream_invalid_response' },
    });
    await close();
  });
});
