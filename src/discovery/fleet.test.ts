import { afterEach, describe, expect, it } from 'vitest';
import { type FleetEvent, seededRandom } from '../domain/index.ts';
import {
  LLAMACPP_LOADING,
  LLAMACPP_PAGES,
  OPENAI_PAGES,
  SGLANG_PAGES,
  VLLM_PAGES,
} from '../engines/__fixtures__/engines.ts';
import {
  type FixturePage,
  type PageServer,
  startPageServer,
  until,
} from '../engines/__fixtures__/page-server.ts';
import { SYSTEM_TIMERS, type Timers } from '../engines/index.ts';
import { createFleet, type Fleet, type FleetOptions } from './fleet.ts';
import type { InstanceSettings } from './instance-settings.ts';

const servers: PageServer[] = [];
const fleets: Fleet[] = [];

async function serve(pages: Readonly<Record<string, FixturePage>>): Promise<PageServer> {
  const server = await startPageServer(pages);
  servers.push(server);
  return server;
}

interface Observed {
  readonly fleet: Fleet;
  readonly events: FleetEvent[];
  /** The events of one instance besides reports, as short words. */
  newsOf(id: string): string[];
  /** Timers that are set now. */
  openTimers(): number;
}

/** A fleet whose intervals are short, and whose timers are counted. */
function observe(options: Partial<FleetOptions> = {}): Observed {
  const events: FleetEvent[] = [];
  const open = new Set<unknown>();
  const timers: Timers = {
    setTimeout(callback, delayMs) {
      // Waits between attempts are real ones, cut short.
      const handle = SYSTEM_TIMERS.setTimeout(
        () => {
          open.delete(handle);
          callback();
        },
        Math.min(delayMs, 30),
      );
      open.add(handle);
      return handle;
    },
    clearTimeout(handle) {
      open.delete(handle);
      SYSTEM_TIMERS.clearTimeout(handle);
    },
  };
  const fleet = createFleet({
    sink: (event) => events.push(event),
    clock: { now: () => Date.now() },
    random: seededRandom(1),
    timers,
    scrape: { intervalMs: 20 },
    health: { intervalMs: 20, startIntervalMs: 10 },
    relistIntervalMs: 25,
    ...options,
  });
  fleets.push(fleet);
  return { fleet, events, openTimers: () => open.size, newsOf: (id) => newsOf(events, id) };
}

function newsOf(events: readonly FleetEvent[], wanted: string): string[] {
  return events.flatMap((event) => {
    if (event.type === 'instance-reported') return [];
    const id = event.type === 'instance-added' ? event.instance.id : event.instanceId;
    if (id !== wanted) return [];
    if (event.type === 'instance-added') return `added ${event.instance.models.join(' ')}`;
    if (event.type === 'instance-health') return event.isHealthy ? 'healthy' : 'unhealthy';
    return event.type;
  });
}

const described = (fleet: Fleet, id: string) => fleet.describe().find((instance) => instance.id === id)!;
const reportsOf = (events: readonly FleetEvent[], id: string) =>
  events.filter((event) => event.type === 'instance-reported' && event.report.instanceId === id);

afterEach(async () => {
  await Promise.all(fleets.splice(0).map((fleet) => fleet.close()));
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

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

describe('replacing the wanted instances', () => {
  async function running(settings: Partial<InstanceSettings> = {}) {
    const server = await serve(VLLM_PAGES);
    const observed = observe();
    const wanted: InstanceSettings = { id: 'a', url: server.url, ...settings };
    observed.fleet.replace([wanted]);
    await until(() => observed.newsOf('a').includes('healthy'), 'it is healthy');
    return { server, wanted, ...observed };
  }

  it('with the same changes nothing', async () => {
    const { fleet, wanted, server, newsOf } = await running();
    const hits = server.hits('/props');
    fleet.replace([structuredClone(wanted)]);
    await until(() => server.hits('/health') >= 5, 'time passed');
    expect(newsOf('a')).toEqual(['added llama-3.1-8b', 'healthy']);
    expect(server.hits('/props')).toBe(hits);
  });

  it('adds those that are new', async () => {
    const { fleet, wanted, newsOf } = await running();
    const other = await serve(SGLANG_PAGES);
    fleet.replace([wanted, { id: 'b', url: other.url }]);
    await until(() => newsOf('b').includes('healthy'), 'the new one is healthy');
    expect(newsOf('a')).toEqual(['added llama-3.1-8b', 'healthy']);
  });

  it('removes those that are missing, and leaves them alone from then on', async () => {
    const { fleet, server, events, newsOf } = await running();
    fleet.replace([]);
    expect(newsOf('a').at(-1)).toBe('instance-removed');
    await until(() => server.openSockets() === 0, 'its connections are closed');
    const [count, asked] = [events.length, server.requests.length];
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([events.length, server.requests.length]).toEqual([count, asked]);
    expect(fleet.describe()).toEqual([]);
  });

  it('says nothing of the removal of one that was never found', async () => {
    const server = await serve({});
    const { fleet, events } = observe();
    fleet.replace([{ id: 'a', url: server.url }]);
    await fleet.lookedAt();
    fleet.replace([]);
    expect(events).toEqual([]);
  });

  it('changes facts in place, without asking again', async () => {
    const { fleet, wanted, server, events, newsOf } = await running();
    const hits = server.hits('/props');
    fleet.replace([{ ...wanted, maxConcurrency: 8, labels: { zone: 'eu' }, usdPerHour: 2.5 }]);
    expect(newsOf('a')).toEqual(['added llama-3.1-8b', 'healthy', 'added llama-3.1-8b']);
    expect(events.filter((event) => event.type === 'instance-added').at(-1)).toMatchObject({
      instance: {
        id: 'a',
        maxConcurrency: 8,
        labels: { zone: 'eu' },
        usdPerHour: 2.5,
        models: ['llama-3.1-8b'],
      },
    });
    expect(server.hits('/props')).toBe(hits);
    expect(described(fleet, 'a').health.verdict).toBe('healthy');
  });

  it('changes configured models in place', async () => {
    const { fleet, wanted, newsOf } = await running();
    fleet.replace([{ ...wanted, models: ['renamed'] }]);
    expect(newsOf('a').at(-1)).toBe('added renamed');
    fleet.replace([wanted]);
    expect(newsOf('a').at(-1)).toBe('added llama-3.1-8b');
  });

  it('watches with the new settings, and the instance stays as healthy as it was', async () => {
    const { fleet, wanted, server, newsOf } = await running();
    server.set('/ping', 500);
    fleet.replace([{ ...wanted, health: { path: '/ping', unhealthyAfter: 1 } }]);
    await until(() => newsOf('a').includes('unhealthy'), 'the new page was asked for');
    expect(newsOf('a')).toEqual(['added llama-3.1-8b', 'healthy', 'unhealthy']);
  });

  it('takes one whose address changed out until it is healthy there', async () => {
    const { fleet, wanted, server, newsOf, events } = await running();
    const moved = await serve({});
    fleet.replace([{ ...wanted, url: moved.url }]);
    expect(newsOf('a')).toEqual(['added llama-3.1-8b', 'healthy', 'unhealthy']);
    await until(() => server.openSockets() === 0, 'the old address is left');
    expect(described(fleet, 'a')).toMatchObject({ url: moved.url, isKnown: false });
    moved.replaceAll(SGLANG_PAGES);
    await until(() => newsOf('a').length === 5, 'it is healthy at its new address');
    expect(newsOf('a').slice(3)).toEqual(['added qwen3-8b', 'healthy']);
    expect(events.filter((event) => event.type === 'instance-added').at(-1)).toMatchObject({
      instance: { url: moved.url, engine: 'sglang' },
    });
  });

  it('removes one that moved and was not found again', async () => {
    const { fleet, wanted, newsOf } = await running();
    const moved = await serve({});
    fleet.replace([{ ...wanted, url: moved.url }]);
    fleet.replace([]);
    expect(newsOf('a').at(-1)).toBe('instance-removed');
  });

  it('refuses two of one id, and changes nothing', async () => {
    const { fleet, wanted, newsOf } = await running();
    expect(() =>
      fleet.replace([
        { id: 'b', url: 'http://x' },
        { id: 'b', url: 'http://y' },
      ]),
    ).toThrow('instance id "b" is used twice, for http://x and http://y; each needs its own');
    expect(() => fleet.replace([wanted, { id: 'c', url: 'nowhere' }])).toThrow('"nowhere" is not an address');
    expect(fleet.describe().map(({ id }) => id)).toEqual(['a']);
    expect(newsOf('a')).toEqual(['added llama-3.1-8b', 'healthy']);
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
