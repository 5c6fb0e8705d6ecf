import { describe, expect, it } from 'vitest';
import {
  brokenStream,
  DONE,
  json,
  openStream,
  type Script,
  stream,
  token,
} from '../gateway/support/upstream.ts';
import { failureOf } from './support/calls.ts';
import { ANSWER } from './support/engine.ts';
import { eventually } from './support/eventually.ts';
import { failing, HASTY, IMPATIENT } from './support/hasty.ts';
import { openHouses } from './support/house.ts';

const startHouse = openHouses();

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

describe.each(BEFORE_THE_ANSWER)('an engine that $what', ({ script, status, code, stream: isStream }) => {
  const config = code === 'upstream_timeout' ? IMPATIENT : HASTY;

  it('is hidden from the caller by another that does not', async () => {
    const house = await startHouse([script, isStream ? STREAMED : ANSWER], {
      config: { ...config, routing: 'round-robin' },
    });
    const response = await house.chat(isStream ? { stream: true } : {});
    expect([response.status, response.headers.get('x-signalbox-instance')]).toEqual([200, 'e1']);
    expect(await response.text()).toContain('fine');
    expect([house.engines[0]!.calls.length, house.engines[1]!.calls.length]).toEqual([1, 1]);
    expect(await house.metrics()).toMatch(/^signalbox_retries_total\{[^}]*instance_id="e0"[^}]*\} 1$/m);
  });

  it(`is told of as ${status} ${code} once all have been tried`, async () => {
    const house = await startHouse([script, script, script], { config });
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
    const config = code === 'upstream_timeout' ? IMPATIENT : HASTY;
    const house = await startHouse([script, script], { config });
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
