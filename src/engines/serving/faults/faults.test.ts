import { get } from 'node:http';
import { describe, expect, it } from 'vitest';
import {
  aFastEngine,
  aServer,
  chat,
  json,
  MODEL,
  post,
  readStream,
  scripted,
  until,
} from '../__fixtures__/serving.ts';
import { faultOf } from './fault.ts';
import { FaultBoard } from './fault-board.ts';

/** A server on which these faults are on. */
const faulty = (...faults: object[]) =>
  aServer({ faults: new FaultBoard(faults.map((fields) => faultOf({ ...fields }))) });

/** What became of a call within `ms`. */
async function outcome(call: (signal: AbortSignal) => Promise<string>, ms = 10_000): Promise<string> {
  try {
    return await call(AbortSignal.timeout(ms));
  } catch (error) {
    const { name, cause } = error as { name: string; cause?: { code?: string } };
    return cause?.code ?? name;
  }
}

/** Long enough to see that nothing comes. */
const A_WHILE_MS = 150;

const status = (url: string, body: object, ms?: number) =>
  outcome(async (signal) => String((await chat(url, body, { signal })).status), ms);
const text = (url: string, body: object, ms?: number) =>
  outcome(async (signal) => await (await chat(url, body, { signal })).text(), ms);

describe.each([
  ['a stream', { stream: true, max_tokens: 20, ignore_eos: true }],
  ['a whole answer', { max_tokens: 20, ignore_eos: true }],
])('faults of %s', (_, body) => {
  it('hang: headers, then nothing', async () => {
    const { url } = await faulty({ kind: 'hang' });
    expect(await status(url, body)).toBe('200');
    expect(await text(url, body, A_WHILE_MS)).toBe('TimeoutError');
  });

  it('hang-before-headers: nothing at all', async () => {
    const { url } = await faulty({ kind: 'hang-before-headers' });
    expect(await status(url, body, A_WHILE_MS)).toBe('TimeoutError');
  });

  it('reset: the connection is cut in the middle', async () => {
    const { url } = await faulty({ kind: 'reset', tokens: 3 });
    expect(await status(url, body)).toBe('200');
    expect(await text(url, body)).toMatch(/ECONNRESET|UND_ERR_SOCKET|TypeError/);
  });

  it.each(['500', '429', '503'])('%s: that status in the engine’s shape', async (kind) => {
    const { url } = await faulty({ kind });
    const response = await chat(url, body);
    expect(response.status).toBe(Number(kind));
    expect(response.headers.get('retry-after')).toBe(kind === '500' ? null : '1');
    expect(await response.json()).toMatchObject({ error: { code: Number(kind) } });
  });

  it('error-frame: 200, then an error at once', async () => {
    const { url } = await faulty({ kind: 'error-frame' });
    const response = await chat(url, body);
    expect(response.status).toBe(200);
    expect(await response.text()).toMatch(/^(data: )?\{"error":\{"message":"The engine failed/);
  });

  it('garbage-sse: what no parser understands', async () => {
    const { url } = await faulty({ kind: 'garbage-sse' });
    const response = await chat(url, body);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(response.status).toBe(200);
    expect(() => JSON.parse(bytes.toString())).toThrow();
    expect(bytes.includes(0xff)).toBe(true);
    expect(bytes.toString()).not.toContain('[DONE]');
  });

  it('redirect: elsewhere', async () => {
    const { url } = await faulty({ kind: 'redirect', location: 'http://127.0.0.1:9/x' });
    const response = await chat(url, body, { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([307, 'http://127.0.0.1:9/x']);
  });

  it('huge: as many bytes as asked for', async () => {
    const { url } = await faulty({ kind: 'huge', bytes: 3_000_000 });
    const { byteLength } = await (await chat(url, body)).arrayBuffer();
    expect(byteLength).toBeGreaterThan(3_000_000);
    expect(byteLength).toBeLessThan(3_200_000);
  });

  it('never-ending: it goes on until the client has enough', async () => {
    const { url } = await faulty({ kind: 'never-ending', intervalMs: 1 });
    const response = await chat(url, body);
    let received = '';
    for await (const piece of response.body!) {
      received += Buffer.from(piece).toString();
      if (received.split('" and"').length > 5 || /^ {20}/.test(received)) break;
    }
    expect(received).not.toContain('[DONE]');
  });
});

describe('a reset stream', () => {
  it.each([0, 1, 5])('said %d tokens before', async (tokens) => {
    const { url } = await faulty({ kind: 'reset', tokens });
    const response = await chat(url, { stream: true, max_tokens: 50, ignore_eos: true }).catch(
      () => undefined,
    );
    let received = '';
    try {
      for await (const piece of response?.body ?? []) received += Buffer.from(piece).toString();
    } catch {
      received += '(reset)';
    }
    expect(received.split('"delta":{"content"').length - 1).toBe(tokens);
    expect(received === '' || received.endsWith('(reset)')).toBe(true);
  });

  it('leaves no work behind in the engine', async () => {
    const engine = aFastEngine(1);
    const { url } = await aServer({
      engine,
      faults: new FaultBoard([faultOf({ kind: 'reset', tokens: 1 })]),
    });
    await text(url, { stream: true, max_tokens: 10_000, ignore_eos: true });
    await until(() => engine.gauges().runningRequests === 0);
    expect(engine.gauges().kvCacheUsage).toBe(0);
  });
});

describe('faults of the metrics page', () => {
  const page = async (url: string) => await (await fetch(`${url}/metrics`)).text();

  it('lying-metrics: shows what it was told to', async () => {
    const { url } = await faulty({ kind: 'lying-metrics', waiting: 77, kvCacheUsage: 0.5 });
    const shown = await page(url);
    expect(shown).toMatch(/vllm:num_requests_waiting\{.*\} 77\n/);
    expect(shown).toMatch(/vllm:kv_cache_usage_perc\{.*\} 0.5\n/);
  });

  it('huge-metrics: megabytes before the wanted series', async () => {
    const { url } = await faulty({ kind: 'huge-metrics', bytes: 2_000_000 });
    const shown = await page(url);
    expect(shown.length).toBeGreaterThan(2_000_000);
    expect(shown.indexOf('vllm:num_requests_waiting{')).toBeGreaterThan(2_000_000);
  });

  it('slow-metrics: comes late', async () => {
    const { url } = await faulty({ kind: 'slow-metrics', delayMs: 300 });
    expect(
      await outcome(async (signal) => await (await fetch(`${url}/metrics`, { signal })).text(), 50),
    ).toBe('TimeoutError');
    expect(await page(url)).toContain('vllm:num_requests_waiting');
  });

  it('broken-metrics: is no exposition format', async () => {
    const { url } = await faulty({ kind: 'broken-metrics' });
    expect(await page(url)).toContain('<html>');
  });

  it('missing-metrics: is not there', async () => {
    const { url } = await faulty({ kind: 'missing-metrics' });
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
  });

  it('leave requests alone', async () => {
    const { url } = await faulty({ kind: 'missing-metrics' });
    expect((await chat(url, { max_tokens: 1 })).status).toBe(200);
  });
});

describe('who is struck', () => {
  it('with the scope all, health too; without, only generation', async () => {
    const { url, server } = await faulty({ kind: '503' });
    const health = async () => (await fetch(`${url}/health`)).status;
    expect(await health()).toBe(200);
    server.faults.add(faultOf({ kind: '503', scope: 'all' }));
    expect(await health()).toBe(503);
  });

  it('a count of calls, then nobody', async () => {
    const { url } = await faulty({ kind: '500', count: 2 });
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push(await status(url, { max_tokens: 1 }));
    expect(statuses).toEqual(['500', '500', '200']);
  });

  it('embeddings as well', async () => {
    const { url } = await faulty({ kind: '429', retryAfterSeconds: 9 });
    const response = await post(`${url}/v1/embeddings`, { model: MODEL, input: 'x' });
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '9']);
  });

  it('not those who ask for what is wrong anyway', async () => {
    const { url, server } = await faulty({ kind: '500', count: 1 });
    expect(await status(url, { max_tokens: -1 })).toBe('400');
    expect(server.faults.active[0]?.struck).toBe(0);
  });
});

describe('switching faults while it runs', () => {
  const control = async (url: string, method: string, body?: object) => {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const response = await fetch(url, init);
    return {
      status: response.status,
      body: (await response.json()) as { active: object[]; removed: number },
    };
  };

  it('adds, lists and removes', async () => {
    const { url } = await aServer();
    const path = `${url}/__faults`;
    expect(await control(path, 'POST', { kind: 'reset', tokens: 2, probability: 0.5 })).toMatchObject({
      status: 201,
      body: { id: 1, kind: 'reset', tokens: 2, probability: 0.5, struck: 0 },
    });
    await control(path, 'POST', { kind: '500', count: 3 });
    await control(path, 'POST', { kind: 'hang' });
    expect((await control(path, 'GET')).body.active).toMatchObject([
      { kind: 'reset' },
      { kind: '500', count: 3 },
      { kind: 'hang' },
    ]);
    expect((await control(`${path}/1`, 'DELETE')).body.removed).toBe(1);
    expect((await control(`${path}/500`, 'DELETE')).body.removed).toBe(1);
    expect((await control(path, 'DELETE')).body.removed).toBe(1);
    expect((await control(path, 'GET')).body.active).toEqual([]);
    expect(await status(url, { max_tokens: 1 })).toBe('200');
  });

  it('is never struck itself', async () => {
    const { url } = await faulty({ kind: 'hang-before-headers', scope: 'all' });
    expect((await control(`${url}/__faults`, 'DELETE')).body.removed).toBe(1);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  it('refuses what it does not know', async () => {
    const { url } = await aServer();
    expect(await control(`${url}/__faults`, 'POST', { kind: 'explode' })).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining('unknown fault "explode"') } },
    });
  });

  it('slows the engine down and lets it run again', async () => {
    const factors: number[] = [];
    const engine = scripted(aFastEngine().generate, { slowDown: (factor) => void factors.push(factor) });
    const { url } = await aServer({ engine });
    await control(`${url}/__faults`, 'POST', { kind: 'slow', factor: 4 });
    await control(`${url}/__faults`, 'DELETE');
    expect(factors).toEqual([1, 4, 1]);
  });

  it('refuses to slow down an engine that runs at its own speed', async () => {
    const engine = scripted(aFastEngine().generate);
    const { url } = await aServer({ engine });
    expect((await control(`${url}/__faults`, 'POST', { kind: 'slow' })).status).toBe(400);
    await expect(aServer({ engine, faults: new FaultBoard([faultOf({ kind: 'slow' })]) })).rejects.toThrow(
      /needs a simulated engine/,
    );
  });
});

describe('after all of them', () => {
  it('the server serves as before and holds no connection', async () => {
    const { url, server } = await aServer();
    for (const kind of [
      'hang',
      'hang-before-headers',
      'reset',
      'never-ending',
      'garbage-sse',
      'huge',
    ] as const) {
      server.faults.add(faultOf({ kind, count: 1 }));
      await text(url, { stream: true, max_tokens: 5, ignore_eos: true }, 3 * A_WHILE_MS);
    }
    expect(server.faults.active).toEqual([]);
    const { text: answer } = await readStream(
      await chat(url, { stream: true, max_tokens: 5, ignore_eos: true }),
    );
    expect(answer).toHaveLength(20);
    expect((await json(chat(url, { max_tokens: 5, ignore_eos: true }))).choices[0]!.message!.content).toBe(
      answer,
    );
    // A client that keeps nothing open sees the connection closed once it is answered.
    const closed = await new Promise((resolve) =>
      get(`${url}/health`, { agent: false }, (res) => res.resume().on('close', () => resolve(true))),
    );
    expect(closed).toBe(true);
  });
});
