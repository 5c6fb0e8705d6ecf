import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { until } from '../../src/gateway/transport/conformance/until.ts';
import { openSandbox } from './support/sandbox.ts';
import { chatRequest } from './support/test-gateway.ts';
import { DONE, json, openStream, stream, token } from './support/upstream.ts';

const sandbox = openSandbox();
const ANSWER = { id: 'x', choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } };

describe('an answer', () => {
  it('that is streamed reaches the caller byte for byte', async () => {
    const pieces = [': hello\n\n', token('Hel'), token('lo'), token('', 'stop'), DONE];
    const [gateway] = await sandbox.pair(stream(pieces));
    const response = await gateway.chat({ stream: true });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(await response.text()).toBe(pieces.join(''));
  });

  it('that comes in one piece reaches the caller byte for byte', async () => {
    const [gateway] = await sandbox.pair(json(ANSWER));
    const response = await gateway.chat();
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(JSON.stringify(ANSWER));
  });

  it('reaches the caller chunk by chunk, as it comes', async () => {
    const [gateway, upstream] = await sandbox.pair(openStream([token('a')]));
    const response = await gateway.chat({ stream: true });
    const reader = response.body!.getReader();
    const { value } = await reader.read();
    expect(Buffer.from(value!).toString()).toBe(token('a'));
    expect(upstream.calls[0]!.abortedAtMs).toBeUndefined();
    await reader.cancel();
  });

  it('keeps the engine’s status and headers, but for those of the connection', async () => {
    const [gateway] = await sandbox.pair(
      json(ANSWER, 201, {
        'x-engine': 'yes',
        'keep-alive': 'timeout=99',
        connection: 'x-private',
        'x-private': '1',
      }),
    );
    const response = await gateway.chat();
    expect(response.status).toBe(201);
    expect(response.headers.get('x-engine')).toBe('yes');
    expect(response.headers.get('x-private')).toBeNull();
    expect(response.headers.get('keep-alive')).not.toBe('timeout=99');
  });

  it('says where it came from, after how long in the queue and how many tries', async () => {
    const [gateway] = await sandbox.pair(json(ANSWER, 200, { 'x-signalbox-instance': 'liar' }));
    const { headers } = await gateway.chat(
      {},
      { headers: { ...chatRequest().headers, 'x-request-id': 'r-1' } },
    );
    expect(headers.get('x-signalbox-instance')).toBe('i0');
    expect(headers.get('x-signalbox-request-id')).toBe('r-1');
    expect(headers.get('x-signalbox-queue-ms')).toMatch(/^\d+$/);
    expect(headers.get('x-signalbox-attempts')).toBe('1');
  });

  it('without a body ends at once', async () => {
    const [gateway] = await sandbox.pair((response) => response.writeHead(204).end());
    const response = await gateway.chat();
    expect(response.status).toBe(204);
    expect(await response.text()).toBe('');
  });

  it('of many megabytes arrives whole', async () => {
    const megabyte = randomBytes(1024 * 1024);
    const hash = createHash('sha256');
    for (let count = 0; count < 48; count++) hash.update(megabyte);
    const [gateway] = await sandbox.pair((response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream' });
      let left = 48;
      const more = () => {
        while (left > 0 && response.write(megabyte)) left -= 1;
        if (left === 0) response.end();
        else {
          left -= 1;
          response.once('drain', more);
        }
      };
      more();
    });
    const response = await gateway.chat();
    const received = createHash('sha256');
    for await (const chunk of response.body!) received.update(chunk);
    expect(received.digest('hex')).toBe(hash.digest('hex'));
  });
});

describe('a call', () => {
  it('reaches the engine byte for byte, unknown fields and odd spacing included', async () => {
    const [gateway, upstream] = await sandbox.pair(json(ANSWER));
    const body =
      '{ "model" : "m",\n"messages":[{"role":"user","content":"\\u00e9é"}], "x_new":{"a":[1.0,2e0]} }';
    await gateway.chat({}, { body });
    expect(upstream.calls[0]!.body.toString()).toBe(body);
    expect(upstream.calls[0]!.headers['content-length']).toBe(String(Buffer.byteLength(body)));
  });

  it('goes to the engine’s path and query, after the path in the instance’s URL', async () => {
    const upstream = await sandbox.upstream(json(ANSWER));
    const gateway = await sandbox.gateway({ instances: [`${upstream.url}/engines/a/`] });
    await fetch(`${gateway.url}/v1/chat/completions?api-version=1`, chatRequest());
    expect(upstream.calls[0]!.path).toBe('/engines/a/v1/chat/completions?api-version=1');
  });

  it('asks the engine for the model that an alias stands for, and changes nothing else', async () => {
    const [gateway, upstream] = await sandbox.pair(json(ANSWER), {
      intake: { aliases: { nickname: [{ model: 'm', weight: 1 }] } },
    });
    await gateway.chat(
      {},
      { body: '{"model":"nickname","messages":[{"role":"user","content":"nickname"}]}' },
    );
    expect(upstream.calls[0]!.body.toString()).toBe(
      '{"model":"m","messages":[{"role":"user","content":"nickname"}]}',
    );
  });

  it('is not asked for in compressed form, which could not be looked into', async () => {
    const [gateway, upstream] = await sandbox.pair(json(ANSWER));
    await gateway.chat({}, { headers: { ...chatRequest().headers, 'accept-encoding': 'gzip, br' } });
    expect(upstream.calls[0]!.headers['accept-encoding']).toBeUndefined();
  });

  it('carries its id to the engine', async () => {
    const [gateway, upstream] = await sandbox.pair(json(ANSWER));
    const { headers } = await gateway.chat();
    expect(upstream.calls[0]!.headers['x-request-id']).toBe(headers.get('x-signalbox-request-id'));
  });

  it('shows the engine no key of the caller’s, but the instance’s own', async () => {
    const [gateway, upstream] = await sandbox.pair(json(ANSWER), {
      options: { upstreamHeaders: ({ id }) => ({ authorization: `Bearer key-of-${id}` }) },
    });
    const secrets = { authorization: 'Bearer caller', 'x-api-key': 'caller', 'api-key': 'caller' };
    await gateway.chat({}, { headers: { ...chatRequest().headers, ...secrets } });
    const { headers } = upstream.calls[0]!;
    expect(headers.authorization).toBe('Bearer key-of-i0');
    expect([headers['x-api-key'], headers['api-key']]).toEqual([undefined, undefined]);
  });

  it('shows the engine the caller’s key where keys are the engine’s business', async () => {
    const [gateway, upstream] = await sandbox.pair(json(ANSWER), { settings: { forwardsCredentials: true } });
    await gateway.chat({}, { headers: { ...chatRequest().headers, authorization: 'Bearer caller' } });
    expect(upstream.calls[0]!.headers.authorization).toBe('Bearer caller');
  });

  it('reuses the connection to the engine', async () => {
    const [gateway, upstream] = await sandbox.pair(json(ANSWER));
    for (let count = 0; count < 5; count++) await (await gateway.chat()).text();
    expect(upstream.calls).toHaveLength(5);
    expect(upstream.openSockets).toBe(1);
  });

  it('to a removed instance’s address is the last on its connection', async () => {
    const [gateway, upstream] = await sandbox.pair(json(ANSWER));
    await (await gateway.chat()).text();
    gateway.gateway.onFleetEvent({ type: 'instance-removed', instanceId: 'i0' });
    await until(() => upstream.openSockets === 0, 'the connection to the engine is closed');
  });

  it('sent in pieces and in chunks is put together', async () => {
    const [gateway, upstream] = await sandbox.pair(json(ANSWER));
    const whole = chatRequest().body as string;
    const answered = new Promise<number>((resolve) => {
      const call = request(`${gateway.url}/v1/chat/completions`, chatRequest() as object, (response) => {
        response.resume();
        resolve(response.statusCode!);
      });
      call.setHeader('content-type', 'application/json');
      call.write(whole.slice(0, 10));
      setTimeout(() => call.end(whole.slice(10)), 20);
    });
    expect(await answered).toBe(200);
    expect(upstream.calls[0]!.body.toString()).toBe(whole);
  });
});

describe('the record of a call', () => {
  it('has the tokens that a whole answer reports', async () => {
    const [gateway] = await sandbox.pair(json(ANSWER));
    await (await gateway.chat()).text();
    expect(gateway.observer.starts).toBe(1);
    expect(gateway.observer.record).toMatchObject({
      outcome: 'completed',
      status: 200,
      instanceId: 'i0',
      attempts: 1,
      stream: false,
      promptTokens: 3,
      outputTokens: 4,
    });
    expect(gateway.observer.record.tpotMs).toBeUndefined();
  });

  it('has the tokens that a stream reports, and the times between them', async () => {
    const usage =
      'data: {"id":"c","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":5}}}\n\n';
    const [gateway] = await sandbox.pair(stream([token('a'), token('b', 'stop'), usage, DONE]));
    await (await gateway.chat({ stream: true, stream_options: { include_usage: true } })).text();
    const { record } = gateway.observer;
    expect(record).toMatchObject({ stream: true, promptTokens: 7, cachedTokens: 5, outputTokens: 2 });
    expect(record.ttftMs).toBeGreaterThanOrEqual(record.queueMs);
    expect(record.e2eMs).toBeGreaterThanOrEqual(record.ttftMs!);
    expect(record.tpotMs).toBeCloseTo(record.e2eMs - record.ttftMs!, 6);
  });

  it('counts a stream’s events as tokens where the engine reports none', async () => {
    const [gateway] = await sandbox.pair(stream([token('a'), token('b'), token('c', 'stop'), DONE]));
    await (await gateway.chat({ stream: true })).text();
    expect(gateway.observer.record.outputTokens).toBe(3);
  });

  it('tells of calls that were refused', async () => {
    const [gateway] = await sandbox.pair(json(ANSWER));
    const response = await gateway.chat({ model: 'unknown' });
    expect(response.status).toBe(404);
    expect(gateway.observer.starts).toBe(1);
    expect(gateway.observer.record).toMatchObject({
      outcome: 'failed',
      status: 404,
      errorCode: 'model_not_found',
      attempts: 0,
    });
  });

  it('does not tell of probes and of the list of models', async () => {
    const [gateway] = await sandbox.pair(json(ANSWER));
    for (const path of ['/health', '/ready', '/v1/models']) {
      expect((await fetch(gateway.url + path)).status).toBe(200);
    }
    expect(gateway.observer.starts).toBe(0);
  });
});
