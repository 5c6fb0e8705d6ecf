import { describe, expect, it } from 'vitest';
import { until } from '../../src/gateway/transport/conformance/until.ts';
import { callRaw, rawChat } from './support/raw.ts';
import { openSandbox } from './support/sandbox.ts';
import { DONE, json, openStream, type Script, token } from './support/upstream.ts';

const sandbox = openSandbox();
const NEVER: Script = () => {};

describe('the probes', () => {
  it('say that the process lives and can be sent requests', async () => {
    const gateway = await sandbox.gateway({});
    const health = await fetch(`${gateway.url}/health`);
    expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }]);
    expect((await fetch(`${gateway.url}/ready`)).status).toBe(200);
    expect((await fetch(`${gateway.url}/ready`, { method: 'HEAD' })).status).toBe(200);
  });

  it('say when no requests can be served', async () => {
    let isReady = false;
    const gateway = await sandbox.gateway({ options: { isReady: () => isReady } });
    expect((await fetch(`${gateway.url}/ready`)).status).toBe(503);
    expect((await fetch(`${gateway.url}/health`)).status).toBe(200);
    isReady = true;
    expect((await fetch(`${gateway.url}/ready`)).status).toBe(200);
  });
});

describe('a gateway that is told to stop', () => {
  it('with nothing under way is gone at once', async () => {
    const gateway = await sandbox.gateway({});
    await (await fetch(`${gateway.url}/health`)).text();
    expect(await gateway.gateway.close(60_000)).toEqual({ finished: 0, aborted: 0 });
    await expect(fetch(`${gateway.url}/health`)).rejects.toThrow();
  });

  it('says so, refuses new calls, and lets a stream finish', async () => {
    let finish = () => {};
    const [gateway] = await sandbox.pair((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(token('a'));
      finish = () => response.end(token('b', 'stop') + DONE);
    });
    const response = await gateway.chat({ stream: true });
    const closing = gateway.gateway.close(60_000);

    const ready = await fetch(`${gateway.url}/ready`);
    expect([ready.status, ready.headers.get('connection')]).toEqual([503, 'close']);
    const refused = await gateway.chat();
    expect([refused.status, refused.headers.get('connection')]).toEqual([503, 'close']);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await refused.json()).toMatchObject({ error: { code: 'shutting_down' } });

    finish();
    expect(await response.text()).toBe(token('a') + token('b', 'stop') + DONE);
    expect(await closing).toEqual({ finished: 1, aborted: 0 });
    await expect(fetch(`${gateway.url}/ready`)).rejects.toThrow();
  });

  it('closes the connection after an answer that had not begun', async () => {
    let finish = () => {};
    const [gateway, upstream] = await sandbox.pair((response, call) => {
      finish = () => json({ id: 'x' })(response, call);
    });
    const answer = gateway.chat();
    await until(() => upstream.calls.length === 1, 'the engine has the call');
    const closing = gateway.gateway.close(60_000);
    finish();
    expect((await answer).headers.get('connection')).toBe('close');
    expect(await closing).toEqual({ finished: 1, aborted: 0 });
  });

  it('ends what takes too long: streams with an event, others with 503, half answers by cutting', async () => {
    const [gateway, upstreams] = await sandbox.fleet([
      openStream([token('a')]),
      NEVER,
      (response) => response.writeHead(200).write('{"id":'),
    ]);
    const streamed = await gateway.chat({ stream: true });
    const waiting = gateway.chat();
    await until(() => upstreams[1]!.calls.length === 1, 'the second engine has its call');
    const half = await gateway.chat();

    expect(await gateway.gateway.close(50)).toEqual({ finished: 0, aborted: 3 });
    const text = await streamed.text();
    expect(text.startsWith(token('a'))).toBe(true);
    expect(JSON.parse(text.slice(token('a').length + 'data: '.length))).toMatchObject({
      error: { code: 'shutting_down' },
    });
    expect((await waiting).status).toBe(503);
    await expect(half.text()).rejects.toThrow();
    await until(
      () => upstreams.every(({ calls }) => calls[0]!.abortedAtMs !== undefined),
      'engines are let go of',
    );
    expect(gateway.held()).toBe(0);
  });

  it('ends what still waits in the queue', async () => {
    const upstream = await sandbox.upstream(NEVER);
    const gateway = await sandbox.gateway({ instances: [{ url: upstream.url, maxConcurrency: 1 }] });
    const callers = [await callRaw(gateway.port, rawChat()), await callRaw(gateway.port, rawChat())];
    await until(() => gateway.held() === 2, 'one call runs and one waits');
    expect(await gateway.gateway.close(0)).toEqual({ finished: 0, aborted: 2 });
    for (const caller of callers)
      expect(await caller.untilClosed()).toMatch(/^HTTP\/1\.1 503[\s\S]*shutting_down/);
  });

  it('refuses a call whose body comes too late', async () => {
    const [gateway, upstream] = await sandbox.pair(openStream([token('a')]));
    const running = await callRaw(gateway.port, rawChat({ stream: true }));
    await until(() => upstream.calls.length === 1, 'the engine has the call');
    const text = rawChat();
    const late = await callRaw(gateway.port, text.slice(0, -1));
    await (await fetch(`${gateway.url}/health`)).text();
    const closing = gateway.gateway.close(60_000);
    late.send(text.slice(-1));
    expect(await late.untilClosed()).toMatch(/^HTTP\/1\.1 503[\s\S]*shutting_down/);
    running.socket.destroy();
    await closing;
  });

  it('can be told to hurry', async () => {
    const [gateway, upstream] = await sandbox.pair(openStream([token('a')]));
    const response = await gateway.chat({ stream: true });
    const patient = gateway.gateway.close(60_000);
    expect(await gateway.gateway.close(0)).toEqual({ finished: 0, aborted: 1 });
    expect(await patient).toEqual({ finished: 0, aborted: 1 });
    expect(await response.text()).toContain('shutting_down');
    expect(upstream.calls).toHaveLength(1);
  });
});

describe('new settings', () => {
  it('hold for the calls that come in from then on', async () => {
    const [gateway] = await sandbox.pair(NEVER, { settings: { maxBodyBytes: 1000 } });
    const before = { body: `{"model":"m","messages":[],"x":"${'x'.repeat(2000)}"}` };
    expect((await gateway.chat({}, before)).status).toBe(413);
    gateway.gateway.update({
      maxBodyBytes: 100_000,
      relay: {
        firstByteTimeoutMs: 50,
        idleTimeoutMs: 50,
        commentIntervalMs: 0,
        retriedStatuses: [],
        pushBackMs: 1,
        reasonHeader: 'off',
      },
    });
    const after = { body: `{"model":"m","messages":[{"role":"user","content":"${'x'.repeat(2000)}"}]}` };

    expect((await gateway.chat({}, after)).status).toBe(504);
  });
});
