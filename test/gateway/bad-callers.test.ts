import { describe, expect, it } from 'vitest';
import { pause, until } from '../../src/gateway/transport/conformance/until.ts';
import { callRaw, parseRawAnswer, rawChat, rawHead } from './support/raw.ts';
import { openSandbox } from './support/sandbox.ts';
import { DONE, json, type Script, stream, token } from './support/upstream.ts';

const sandbox = openSandbox();
const OK = json({ id: 'ok' });

/** What is no valid HTTP call, with the status and code it gets. */
const BAD_HTTP: readonly [string, string, number, string][] = [
  ['not HTTP at all', 'hello\r\n\r\n', 400, 'bad_http'],
  ['an unknown method', 'FETCH /v1/models HTTP/1.1\r\nhost: x\r\n\r\n', 400, 'bad_http'],
  ['no host', 'GET /v1/models HTTP/1.1\r\n\r\n', 400, 'bad_http'],
  ['a header without a colon', 'GET /v1/models HTTP/1.1\r\nhost: x\r\nbroken\r\n\r\n', 400, 'bad_http'],
  ['a line break in a header', 'GET /v1/models HTTP/1.1\r\nhost: x\r\na: b\rc\r\n\r\n', 400, 'bad_http'],
  [
    'a length and chunks at once',
    rawHead(['content-type: application/json', 'content-length: 5', 'transfer-encoding: chunked']),
    400,
    'bad_http',
  ],
  ['two lengths', rawHead(['content-length: 5', 'content-length: 6']), 400, 'bad_http'],
  ['a length that is no number', rawHead(['content-length: five']), 400, 'bad_http'],
  [
    'a chunk that is no chunk',
    `${rawHead(['content-type: application/json', 'transfer-encoding: chunked'])}zz\r\n`,
    400,
    'bad_http',
  ],
  ['headers that are too long', rawHead([`x-long: ${'a'.repeat(20_000)}`]), 431, 'headers_too_large'],
  [
    'a path that is too long',
    `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`,
    431,
    'headers_too_large',
  ],
];

describe('a call with', () => {
  it.each(BAD_HTTP)(
    '%s is refused in OpenAI’s shape, and the connection closed',
    async (_, text, status, code) => {
      const [gateway, upstream] = await sandbox.pair(OK);
      const caller = await callRaw(gateway.port, text);
      const answer = parseRawAnswer(await caller.untilClosed());
      expect(answer).toMatchObject({ status, body: { error: { code, type: 'invalid_request_error' } } });
      expect(upstream.calls).toHaveLength(0);
      expect((await gateway.chat()).status).toBe(200);
    },
  );

  it('the same header twice gets the first for what can be only one', async () => {
    const [gateway, upstream] = await sandbox.pair(OK);
    const headers = ['authorization: Bearer one', 'authorization: Bearer two', 'x-list: 1', 'x-list: 2'];
    const caller = await callRaw(gateway.port, rawChat({}, [...headers, 'connection: close']));
    expect(await caller.untilClosed()).toMatch(/^HTTP\/1\.1 200/);
    expect(upstream.calls[0]!.headers['x-list']).toBe('1, 2');
    expect(upstream.calls[0]!.headers.authorization).toBeUndefined();
  });
});

describe('a slow caller', () => {
  it('is told 408 when its headers take too long', async () => {
    const [gateway] = await sandbox.pair(OK, { options: { server: { headTimeoutMs: 200 } } });
    const caller = await callRaw(gateway.port, 'POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n');
    expect(parseRawAnswer(await caller.untilClosed())).toMatchObject({
      status: 408,
      body: { error: { code: 'request_timeout', type: 'timeout_error' } },
    });
  });

  it('is told 408 when its body stops coming', async () => {
    const [gateway] = await sandbox.pair(OK, { options: { server: { bodyIdleTimeoutMs: 100 } } });
    const caller = await callRaw(gateway.port, rawChat().slice(0, -5));
    const answer = await caller.untilClosed();
    expect(parseRawAnswer(answer)).toMatchObject({
      status: 408,
      body: { error: { code: 'request_timeout' } },
    });
    expect(answer.toLowerCase()).toContain('connection: close');
    expect(gateway.observer.record).toMatchObject({ outcome: 'failed', status: 408 });
  });

  it('is told 408 when its body drips byte by byte without end', async () => {
    const server = { bodyIdleTimeoutMs: 1000, bodyTimeoutMs: 150 };
    const [gateway] = await sandbox.pair(OK, { options: { server } });
    const caller = await callRaw(
      gateway.port,
      rawHead(['content-type: application/json', 'content-length: 1000']),
    );
    const drip = setInterval(() => caller.send(' '), 10);
    const answer = parseRawAnswer(await caller.untilClosed());
    clearInterval(drip);
    expect(answer).toMatchObject({ status: 408, body: { error: { code: 'request_timeout' } } });
  });

  it('is served when it drips no slower than it may', async () => {
    const [gateway] = await sandbox.pair(OK, { options: { server: { bodyIdleTimeoutMs: 1000 } } });
    const text = rawChat({}, ['connection: close']);
    const caller = await callRaw(gateway.port, text.slice(0, -10));
    for (const letter of text.slice(-10)) {
      await pause(5);
      caller.send(letter);
    }
    expect(await caller.untilClosed()).toMatch(/^HTTP\/1\.1 200/);
  });
});

describe('a body that is too large', () => {
  const SMALL = { settings: { maxBodyBytes: 1000 }, intake: { maxBodyBytes: 1000 } };

  it('is refused by its declared length, without waiting for it', async () => {
    const [gateway] = await sandbox.pair(OK, SMALL);
    const caller = await callRaw(
      gateway.port,
      rawHead(['content-type: application/json', 'content-length: 100000']),
    );
    await until(() => caller.received().includes('}}'), 'the answer came');
    expect(parseRawAnswer(caller.received())).toMatchObject({
      status: 413,
      body: { error: { code: 'request_too_large' } },
    });
    await caller.untilClosed();
  });

  it('is refused as soon as chunks add up to too much', async () => {
    const [gateway] = await sandbox.pair(OK, SMALL);
    const head = rawHead(['content-type: application/json', 'transfer-encoding: chunked']);
    const caller = await callRaw(gateway.port, head);
    const chunk = `258\r\n${'x'.repeat(600)}\r\n`;
    caller.send(chunk);
    await pause(20);
    expect(caller.received()).toBe('');
    caller.send(chunk);
    const answer = await caller.untilClosed();
    expect(parseRawAnswer(answer)).toMatchObject({
      status: 413,
      body: { error: { code: 'request_too_large' } },
    });
  });

  it('does not keep the answer from a caller who is still sending', async () => {
    const [gateway] = await sandbox.pair(OK, SMALL);
    const response = await gateway.chat({}, { body: 'x'.repeat(4_000_000) });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ error: { code: 'request_too_large' } });
  });

  it('is not even sent by a caller who asks first', async () => {
    const [gateway] = await sandbox.pair(OK, SMALL);
    const head = ['content-type: application/json', 'content-length: 2000', 'expect: 100-continue'];
    const caller = await callRaw(gateway.port, rawHead(head));
    await until(() => caller.received().includes('}}'), 'the answer came');
    expect(caller.received()).toMatch(/^HTTP\/1\.1 413/);
    caller.socket.destroy();
  });

  it('that is small enough is asked for', async () => {
    const [gateway] = await sandbox.pair(OK, SMALL);
    const text = rawChat({}, ['expect: 100-continue', 'connection: close']);
    const headEnd = text.indexOf('\r\n\r\n') + 4;
    const caller = await callRaw(gateway.port, text.slice(0, headEnd));
    await until(() => caller.received().startsWith('HTTP/1.1 100 Continue'), 'the body is asked for');
    caller.send(text.slice(headEnd));
    expect(await caller.untilClosed()).toContain('HTTP/1.1 200');
  });
});

describe('a caller who is refused', () => {
  it('keeps the connection when its body was short', async () => {
    const [gateway] = await sandbox.pair(OK);
    const wrong = rawChat().replace('/v1/chat/completions', '/v1/models');
    const caller = await callRaw(gateway.port, wrong);
    await until(() => caller.received().includes('method_not_allowed'), 'the refusal came');
    caller.send(rawChat({}, ['connection: close']));
    expect(await caller.untilClosed()).toContain('HTTP/1.1 200');
  });
});

/** An engine that says all it can, for as long as somebody takes it. */
function endless(counter: { bytes: number }): Script {
  const text = token('x'.repeat(16_000));
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const more = () => {
      if (response.destroyed) return;
      counter.bytes += text.length;
      if (response.write(text)) setImmediate(more);
      else response.once('drain', more);
    };
    more();
  };
}

describe('a caller who does not read', () => {
  it('holds the engine back instead of filling our memory', async () => {
    const counter = { bytes: 0 };
    const [gateway] = await sandbox.pair(endless(counter));
    const caller = await callRaw(gateway.port);
    caller.socket.pause();
    caller.send(rawChat({ stream: true }));
    await untilStill(counter);
    const before = counter.bytes;
    await pause(200);
    expect(counter.bytes).toBe(before);
    caller.socket.resume();
    await until(() => counter.bytes > before + 1_000_000, 'it flows again');
    caller.socket.destroy();
    await until(() => gateway.held() === 0, 'nothing is held');
  });

  it('is cut off after a while, and the engine let go of', async () => {
    const counter = { bytes: 0 };
    const server = { writeIdleTimeoutMs: 150 };
    const [gateway, upstream] = await sandbox.pair(endless(counter), { options: { server } });
    const caller = await callRaw(gateway.port);
    caller.socket.pause();
    caller.send(rawChat({ stream: true }));
    await until(() => gateway.observer.records.length === 1, 'the call is over');
    expect(gateway.observer.record).toMatchObject({ outcome: 'cancelled' });
    await until(() => upstream.calls[0]!.abortedAtMs !== undefined, 'the engine is let go of');
    expect(gateway.held()).toBe(0);
    caller.socket.destroy();
  });

  it('does not stop others', async () => {
    const counter = { bytes: 0 };
    const [gateway, upstream] = await sandbox.pair(endless(counter));
    const caller = await callRaw(gateway.port);
    caller.socket.pause();
    caller.send(rawChat({ stream: true }));
    await untilStill(counter);
    upstream.script = stream([token('quick', 'stop'), DONE]);
    expect(await (await gateway.chat({ stream: true })).text()).toContain('quick');
    caller.socket.destroy();
  });
});

/** Resolves once the engine is held back. */
async function untilStill(counter: { readonly bytes: number }): Promise<void> {
  await until(() => counter.bytes > 0, 'the engine sends');
  for (let last = -1; last !== counter.bytes; ) {
    last = counter.bytes;
    await pause(100);
  }
}
