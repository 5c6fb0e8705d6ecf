import { describe, expect, it } from 'vitest';
import { until } from '../../src/gateway/transport/conformance/until.ts';
import { openSandbox } from './support/sandbox.ts';
import { chatRequest, type TestGateway } from './support/test-gateway.ts';
import { brokenStream, DONE, json, openStream, type Script, stream, token } from './support/upstream.ts';

const sandbox = openSandbox();

const GOOD = stream([token('good', 'stop'), DONE]);
const NEVER: Script = () => {};
const CHATTY = { relay: { commentIntervalMs: 25 } };

/** An engine with room for one request. */
async function aNarrowGateway(script: Script, init: object = {}): Promise<TestGateway> {
  const upstream = await sandbox.upstream(script);
  return sandbox.gateway({ instances: [{ url: upstream.url, maxConcurrency: 1 }], ...CHATTY, ...init });
}

/** Answers the first call only when told to, and all later ones at once. */
function firstHeld(then: Script): { readonly script: Script; release(): void } {
  let release = () => {};
  let calls = 0;
  return {
    script(response, call) {
      calls += 1;
      if (calls > 1) then(response, call);
      else release = () => then(response, call);
    },
    release: () => release(),
  };
}

/** The text of a streamed answer so far. */
function follow(response: Response): { text: string; readonly done: Promise<void> } {
  const followed = { text: '', done: Promise.resolve() };
  const decoder = new TextDecoder();
  followed.done = (async () => {
    for await (const chunk of response.body!) followed.text += decoder.decode(chunk, { stream: true });
  })();
  return followed;
}

describe('a stream’s caller who waits in the queue', () => {
  it('is told the position, again and again, and then gets the answer', async () => {
    const held = firstHeld(GOOD);
    const gateway = await aNarrowGateway(held.script);
    const first = gateway.chat({ stream: true });
    await until(() => gateway.held() === 1, 'the first call runs');
    const second = follow(await gateway.chat({ stream: true }));
    await until(() => second.text.split(': queued position=1\n\n').length > 2, 'two comments came');
    held.release();
    await second.done;
    expect(second.text.replaceAll(': queued position=1\n\n', '')).toMatch(
      /^(: processing\n\n)*data: .*good.*\n\ndata: \[DONE\]\n\n$/,
    );
    expect(await (await first).text()).toContain('good');
  });

  it('gets no comment before the first is due: until then every status is possible', async () => {
    const gateway = await aNarrowGateway(NEVER, {
      relay: { commentIntervalMs: 60_000 },
      scheduler: { admission: { maxRequests: 10, maxTokens: 1_000_000 } },
    });
    void gateway.chat({ stream: true }).catch(() => {});
    await until(() => gateway.held() === 1, 'the first call runs');
    const late = await gateway.chat(
      { stream: true },
      { headers: { ...chatRequest().headers, 'x-signalbox-deadline-ms': '60' } },
    );
    expect(late.status).toBe(504);
    expect(await late.json()).toMatchObject({ error: { code: 'deadline_exceeded', type: 'timeout_error' } });
    expect(gateway.observer.record).toMatchObject({ outcome: 'shed', attempts: 0 });
    expect(gateway.observer.record.queueMs).toBeGreaterThan(50);
  });

  it('hears of a deadline that passes later as an event', async () => {
    const gateway = await aNarrowGateway(NEVER);
    void gateway.chat({ stream: true }).catch(() => {});
    await until(() => gateway.held() === 1, 'the first call runs');
    const headers = { ...chatRequest().headers, 'x-signalbox-deadline-ms': '150' };
    const late = await gateway.chat({ stream: true }, { headers });
    expect(late.status).toBe(200);
    expect(late.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const text = await late.text();
    expect(text).toMatch(/^(: queued position=1\n\n)+data: /);
    expect(errorEvent(text)).toMatchObject({ error: { code: 'deadline_exceeded' } });
    expect(gateway.held()).toBe(1);
  });
});

describe('a stream’s caller whose request is with an engine', () => {
  it('sees life during a long prefill', async () => {
    const held = firstHeld(GOOD);
    const gateway = await aNarrowGateway(held.script);
    const answer = follow(await gateway.chat({ stream: true }));
    await until(() => answer.text.startsWith(': processing\n\n: processing\n\n'), 'two comments came');
    held.release();
    await answer.done;
    expect(answer.text.replaceAll(': processing\n\n', '')).toBe(token('good', 'stop') + DONE);
    expect(gateway.observer.record).toMatchObject({ outcome: 'completed', status: 200 });
  });

  it('is spared a failure before the first token also after comments', async () => {
    const slowly: Script = (response) => setTimeout(() => response.socket!.destroy(), 80);
    const [gateway] = await sandbox.fleet([slowly, GOOD], CHATTY);
    const text = await (await gateway.chat({ stream: true })).text();
    expect(text).toMatch(/^(: processing\n\n)+data: .*good/);
    expect(gateway.observer.record).toMatchObject({ outcome: 'completed', attempts: 2 });
  });

  it('is told as an event what cannot be retried after comments', async () => {
    const slowly: Script = (response) => setTimeout(() => response.socket!.destroy(), 80);
    const [gateway] = await sandbox.pair(slowly, CHATTY);
    const response = await gateway.chat({ stream: true });
    expect(response.status).toBe(200);
    expect(errorEvent(await response.text())).toMatchObject({ error: { code: 'upstream_disconnected' } });
    expect(gateway.observer.record).toMatchObject({ outcome: 'failed', status: 200 });
  });

  it('is told the engine’s own words as an event when it refuses after comments', async () => {
    const said = { error: { message: 'too long', type: 'BadRequestError', code: 400 } };
    const slowly: Script = (response, call) => setTimeout(() => json(said, 400)(response, call), 80);
    const [gateway] = await sandbox.pair(slowly, CHATTY);
    expect(errorEvent(await (await gateway.chat({ stream: true })).text())).toEqual(said);
  });

  it.each([
    ['/v1/messages', { type: 'error', error: { type: 'api_error' } }],
    ['/v1/responses', { type: 'error', code: 'upstream_disconnected', param: null, sequence_number: 0 }],
  ])('is told in the shape of its own API at %s', async (path, event) => {
    const slowly: Script = (response) => setTimeout(() => response.socket!.destroy(), 80);
    const [gateway] = await sandbox.pair(slowly, CHATTY);
    const response = await fetch(gateway.url + path, chatRequest({ stream: true }));
    const text = await response.text();
    expect(text).toContain('\n\nevent: error\ndata: ');
    expect(errorEvent(text.replace('event: error\n', ''))).toMatchObject(event);
  });

  it('is told of an answer that is no stream after comments', async () => {
    const slowly: Script = (response, call) => setTimeout(() => json({ id: 'x' })(response, call), 80);
    const [gateway] = await sandbox.pair(slowly, CHATTY);
    const text = await (await gateway.chat({ stream: true })).text();
    expect(errorEvent(text)).toMatchObject({ error: { code: 'upstream_invalid_response' } });
    expect(gateway.held()).toBe(0);
  });

  it('gets no comments between tokens', async () => {
    const [gateway] = await sandbox.pair(openStream([token('a')]), {
      relay: { commentIntervalMs: 25, idleTimeoutMs: 150 },
    });
    const text = await (await gateway.chat({ stream: true })).text();
    expect(text.slice(text.indexOf(token('a')))).not.toContain(': processing');
    expect(errorEvent(text)).toMatchObject({ error: { code: 'upstream_timeout' } });
  });

  it('gets an engine’s answer as it is when no comment was due, stream or not', async () => {
    const [gateway] = await sandbox.pair(json({ id: 'whole' }));
    const response = await gateway.chat({ stream: true });
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({ id: 'whole' });
  });
});

describe('a caller who wants no stream', () => {
  it('gets no comments: they would break the answer', async () => {
    const slowly: Script = (response, call) => setTimeout(() => json({ id: 'x' })(response, call), 90);
    const [gateway] = await sandbox.pair(slowly, CHATTY);
    expect(await (await gateway.chat()).text()).toBe('{"id":"x"}');
  });
});

describe('a caller who is turned away', () => {
  it('gets 429 with a time to come back when the queue is full', async () => {
    const gateway = await aNarrowGateway(NEVER, {
      relay: { commentIntervalMs: 0 },
      scheduler: { admission: { maxRequests: 1, maxTokens: 1_000_000 } },
    });
    for (let count = 0; count < 2; count++) void gateway.chat().catch(() => {});
    await until(() => gateway.held() === 2, 'one call runs and one waits');
    const response = await gateway.chat();
    expect(response.status).toBe(429);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(await response.json()).toMatchObject({ error: { code: 'queue_full', type: 'rate_limit_error' } });
    expect(response.headers.get('x-signalbox-request-id')).toBeTruthy();
    expect(response.headers.get('x-signalbox-instance')).toBeNull();
  });

  it('gets 429 when a more important request needs the place', async () => {
    const gateway = await aNarrowGateway(NEVER, {
      relay: { commentIntervalMs: 0 },
      scheduler: { admission: { maxRequests: 1, maxTokens: 1_000_000 } },
    });
    void gateway.chat().catch(() => {});
    await until(() => gateway.held() === 1, 'the first call runs');
    const low = gateway.chat({}, { headers: { ...chatRequest().headers, 'x-signalbox-priority': 'LOW' } });
    await until(() => gateway.held() === 2, 'the second call waits');
    const high = { headers: { ...chatRequest().headers, 'x-signalbox-priority': 'HIGH' } };
    void gateway.chat({}, high).catch(() => {});
    const response = await low;
    expect(response.status).toBe(429);
    expect(await response.json()).toMatchObject({ error: { code: 'shed' } });
  });

  it('gets 503 with a time to come back when no instance comes', async () => {
    const [gateway] = await sandbox.pair(NEVER, { scheduler: { noInstanceWaitMs: 60 } });
    gateway.scheduler.tellFleet({ type: 'instance-health', instanceId: 'i0', isHealthy: false });
    const response = await gateway.chat();
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(await response.json()).toMatchObject({ error: { code: 'no_instance_available' } });
    expect(gateway.observer.record).toMatchObject({ outcome: 'shed', attempts: 0 });
  });
});

describe('an engine that breaks after comments and after its first token', () => {
  it('ends the stream with an error event', async () => {
    const slowly: Script = (response, call) =>
      setTimeout(() => brokenStream([token('a')])(response, call), 80);
    const [gateway] = await sandbox.fleet([slowly, GOOD], CHATTY);
    const text = await (await gateway.chat({ stream: true })).text();
    expect(text).toContain(token('a'));
    expect(errorEvent(text)).toMatchObject({ error: { code: 'upstream_disconnected' } });
  });
});

function errorEvent(text: string): unknown {
  const event = text.trimEnd().split('\n\n').at(-1)!;
  return JSON.parse(event.slice('data: '.length));
}
