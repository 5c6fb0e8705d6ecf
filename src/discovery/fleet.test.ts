import { afterEach, describe, expect, it } from 'vitest';
import {
  LLAMACPP_LOADING,
  LLAMACPP_PAGES,
  OPENAI_PAGES,
  SGLANG_PAGES,
  VLLM_PAGES,
} from '../engines/__fixtures__/engines.ts';
import { startPageServer, until } from '../engines/__fixtures__/page-server.ts';
import { SYSTEM_TIMERS } from '../engines/index.ts';
import { closeAll, described, observe, reportsOf, serve } from './__fixtures__/observed-fleet.ts';

afterEach(closeAll);

describe('a fleet of addresses alone', () => {
  it('finds out what is behind each, and tells of it, of its health, and of its load', async () => {
    const [vllm, sglang] = await Promise.all([serve(VLLM_PAGES), serve(SGLANG_PAGES)]);
    const { fleet, events, newsOf } = observe();
    fleet.replace([
      { id: 'a', url: vllm.url },
      { id: 'b', url: `${sglang.url}/v1` },
    ]);
    await until(
      () => reportsOf(events, 'a').length > 0 && reportsOf(events, 'b').length > 0,
      'both reported',
    );
    await until(() => newsOf('a').length >= 2 && newsOf('b').length >= 2, 'both are healthy');
    expect(newsOf('a')).toEqual(['added llama-3.1-8b', 'healthy']);
    expect(newsOf('b')).toEqual(['added qwen3-8b', 'healthy']);
    expect(events.find((event) => event.type === 'instance-added')).toMatchObject({
      instance: { adapters: expect.anything() },
    });
    expect(described(fleet, 'a')).toMatchObject({
      isKnown: true,
      engine: 'vllm',
      engineVersion: '0.11.0',
      models: ['llama-3.1-8b'],
      adapters: ['sql-lora', 'chat-lora'],
      maxContextTokens: 131_072,
      lookUp: { lastError: undefined, consecutiveFailures: 0 },
      scrape: { isActive: true, lastError: undefined, lastReport: { waitingRequests: 4 } },
      health: { verdict: 'healthy', lastError: undefined },
    });
    expect(described(fleet, 'a').evidence.join()).toContain('owned_by "vllm"');
    expect(described(fleet, 'b')).toMatchObject({ engine: 'sglang', url: sglang.url });
  });

  it('an instance is added before anything else is told of it', async () => {
    const server = await serve(VLLM_PAGES);
    const { fleet, events } = observe();
    fleet.replace([{ id: 'a', url: server.url }]);
    await until(() => events.length >= 4, 'there is news');
    expect(events[0]?.type).toBe('instance-added');
    expect(events.filter((event) => event.type === 'instance-added')).toHaveLength(1);
  });

  it('can be waited for until each was looked at once', async () => {
    const server = await serve(VLLM_PAGES);
    const gone = await startPageServer({});
    await gone.close();
    const { fleet } = observe();
    fleet.replace([
      { id: 'a', url: server.url },
      { id: 'b', url: gone.url },
    ]);
    await fleet.lookedAt();
    expect(described(fleet, 'a').isKnown).toBe(true);
    const missing = described(fleet, 'b');
    expect(missing).toMatchObject({ isKnown: false, engine: undefined, models: [] });
    expect(missing.lookUp.lastError).toContain('ECONNREFUSED');
    expect(missing.lookUp.tried.length).toBeGreaterThan(5);
  });
});

describe('an instance that is not there at start', () => {
  it('does not keep the others, and appears once it answers', async () => {
    const [good, late] = await Promise.all([serve(VLLM_PAGES), serve({})]);
    const { fleet, newsOf } = observe();
    fleet.replace([
      { id: 'late', url: late.url },
      { id: 'good', url: good.url },
    ]);
    await until(() => newsOf('good').includes('healthy'), 'the other is healthy');
    await until(() => described(fleet, 'late').lookUp.consecutiveFailures >= 2, 'it was looked for twice');
    expect(newsOf('late')).toEqual([]);
    late.replaceAll(OPENAI_PAGES);
    await until(() => newsOf('late').includes('healthy'), 'it is healthy');
    expect(newsOf('late')[0]).toBe('added gpt-oss-20b nomic-embed');
    expect(described(fleet, 'late').lookUp).toMatchObject({ lastError: undefined, tried: [] });
  });

  it('may be llama.cpp loading its model', async () => {
    const server = await serve(
      Object.fromEntries(Object.keys(LLAMACPP_PAGES).map((path) => [path, LLAMACPP_LOADING])),
    );
    const { fleet, newsOf } = observe();
    fleet.replace([{ id: 'a', url: server.url }]);
    await fleet.lookedAt();
    expect(described(fleet, 'a').lookUp.lastError).toContain('not ready yet (503)');
    server.replaceAll(LLAMACPP_PAGES);
    await until(() => newsOf('a').length >= 2, 'it is there');
    expect(newsOf('a')).toEqual(['added qwen3-4b', 'healthy']);
  });

  it('is known at once when its engine and models are configured, and starts when it answers', async () => {
    const server = await serve({ '/health': LLAMACPP_LOADING });
    const { fleet, newsOf } = observe();
    fleet.replace([{ id: 'a', url: server.url, engine: 'llamacpp', models: ['m'] }]);
    expect(newsOf('a')).toEqual(['added m']);
    await until(() => server.hits('/health') >= 3, 'its health was asked for');
    expect(newsOf('a')).toEqual(['added m']);
    expect(described(fleet, 'a').health).toMatchObject({ verdict: 'starting' });
    server.set('/health', { status: 'ok' });
    await until(() => newsOf('a').length === 2, 'it is healthy');
    expect(newsOf('a')).toEqual(['added m', 'healthy']);
  });

  it('is soon looked at again for its adapters, known as it is', async () => {
    const server = await serve({});
    const { fleet, newsOf } = observe({ relistIntervalMs: 3_600_000, timers: SYSTEM_TIMERS });
    fleet.replace([{ id: 'a', url: server.url, engine: 'vllm', models: ['m'] }]);
    await fleet.lookedAt();
    server.replaceAll(VLLM_PAGES);
    await until(() => described(fleet, 'a').adapters.length === 2, 'its adapters are known');
    expect(newsOf('a').filter((news) => news === 'added m')).toHaveLength(2);
  });

  it('is known as soon as its engine is recognised when its models are configured', async () => {
    const server = await serve({ ...VLLM_PAGES, '/v1/models': 401 });
    const { fleet, newsOf } = observe();
    fleet.replace([{ id: 'a', url: server.url, models: ['m'] }]);
    await fleet.lookedAt();
    expect(newsOf('a')[0]).toBe('added m');
    expect(described(fleet, 'a')).toMatchObject({ isKnown: true, engine: 'vllm' });
    expect(described(fleet, 'a').lookUp.lastError).toContain('it wants a key');
  });
});

describe('an instance that is known', () => {
  it('says nothing as long as nothing changes', async () => {
    const server = await serve(VLLM_PAGES);
    const { fleet, newsOf } = observe();
    fleet.replace([{ id: 'a', url: server.url }]);
    await until(() => server.hits('/v1/models') >= 5, 'it was listed five times');
    expect(newsOf('a')).toEqual(['added llama-3.1-8b', 'healthy']);
  });

  it('is told anew when an adapter was loaded', async () => {
    const server = await serve(VLLM_PAGES);
    const { fleet, events, newsOf } = observe();
    fleet.replace([{ id: 'a', url: server.url }]);
    await until(() => newsOf('a').length >= 2, 'it is there');
    const { data } = VLLM_PAGES['/v1/models'] as { data: object[] };
    server.set('/v1/models', { data: [...data, { id: 'new-lora', parent: 'llama-3.1-8b' }] });
    await until(() => newsOf('a').length >= 3, 'it is told anew');
    const added = events.filter((event) => event.type === 'instance-added').at(-1);
    expect(added).toMatchObject({ instance: { adapters: ['sql-lora', 'chat-lora', 'new-lora'] } });
  });

  it('keeps what was known of it while it does not answer', async () => {
    const server = await serve(VLLM_PAGES);
    const { fleet, newsOf } = observe();
    fleet.replace([{ id: 'a', url: server.url }]);
    await until(() => newsOf('a').length >= 2, 'it is there');
    server.replaceAll({ '/health': 500 });
    await until(() => newsOf('a').includes('unhealthy'), 'it is unhealthy');
    await until(() => described(fleet, 'a').lookUp.consecutiveFailures > 0, 'its listing failed');
    expect(described(fleet, 'a')).toMatchObject({ isKnown: true, engine: 'vllm', models: ['llama-3.1-8b'] });
    await until(() => described(fleet, 'a').scrape.consecutiveFailures > 0, 'its scrape failed');
    const { scrape } = described(fleet, 'a');
    expect(scrape.lastReport?.waitingRequests).toBe(4);
    expect(scrape.ageMs).toBeGreaterThan(0);
    expect(scrape.lastErrorAgeMs).toBeGreaterThanOrEqual(0);
    expect(scrape.lastError).toContain('answered 404');
  });

  it('is listed again as soon as it is back from being down', async () => {
    const server = await serve(OPENAI_PAGES);
    const { fleet, newsOf } = observe({ relistIntervalMs: 3_600_000, timers: SYSTEM_TIMERS });
    fleet.replace([{ id: 'a', url: server.url, engine: 'openai', health: { path: '/up' } }]);
    server.set('/up', 200);
    await until(() => newsOf('a').includes('healthy'), 'it is healthy');
    server.set('/up', 500);
    await until(() => newsOf('a').includes('unhealthy'), 'it is down');
    server.set('/v1/models', { data: [{ id: 'other-model' }] });
    server.set('/up', 200);
    await until(() => newsOf('a').includes('added other-model'), 'its new model is known');
  });

  it('is healthy at once and never asked where checks are off', async () => {
    const server = await serve(VLLM_PAGES);
    const { fleet, newsOf } = observe({ health: { enabled: false } });
    fleet.replace([{ id: 'a', url: server.url }]);
    await fleet.lookedAt();
    expect(newsOf('a')).toEqual(['added llama-3.1-8b', 'healthy']);
    expect(server.hits('/health')).toBe(0);
  });

  it('is not scraped where scraping is off or there is nothing to scrape', async () => {
    const [vllm, other] = await Promise.all([serve(VLLM_PAGES), serve(OPENAI_PAGES)]);
    const { fleet, newsOf } = observe();
    fleet.replace([
      { id: 'a', url: vllm.url, engine: 'vllm', scrape: { enabled: false } },
      { id: 'b', url: other.url },
    ]);
    await until(() => newsOf('a').includes('healthy') && newsOf('b').includes('healthy'), 'both are healthy');
    expect(described(fleet, 'a').scrape.isActive).toBe(false);
    expect(described(fleet, 'b').scrape.isActive).toBe(false);
    expect(vllm.hits('/metrics')).toBe(0);
  });

  it('is asked with its key', async () => {
    const server = await serve(VLLM_PAGES);
    const { fleet, events } = observe();
    fleet.replace([{ id: 'a', url: server.url, apiKey: 'secret' }]);
    await until(() => reportsOf(events, 'a').length > 0, 'it reported');
    const headers = server.requests.map((request) => request.headers.authorization);
    expect(new Set(headers)).toEqual(new Set(['Bearer secret']));
    expect(JSON.stringify(fleet.describe())).not.toContain('secret');
  });
});

describe('closing', () => {
  it('stops every timer and drops every socket', async () => {
    const [vllm, hanging] = await Promise.all([serve(VLLM_PAGES), serve({ '/v1/models': () => {} })]);
    const { fleet, events, openTimers } = observe();
    fleet.replace([
      { id: 'a', url: vllm.url },
      { id: 'b', url: hanging.url },
    ]);
    await until(() => reportsOf(events, 'a').length > 0 && hanging.requests.length > 0, 'both are under way');
    await fleet.close();
    expect(openTimers()).toBe(0);
    await until(() => vllm.openSockets() + hanging.openSockets() === 0, 'all sockets are closed');
    const count = events.length;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(events.length).toBe(count);
    expect(openTimers()).toBe(0);
  });

  it('can be done twice, and ends what waits for the first look', async () => {
    const hanging = await serve({ '/v1/models': () => {} });
    const { fleet } = observe();
    fleet.replace([{ id: 'a', url: hanging.url }]);
    const looked = fleet.lookedAt();
    await fleet.close();
    await fleet.close();
    await looked;
    expect(fleet.describe()).toEqual([]);
  });
});
