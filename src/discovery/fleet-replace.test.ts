import { afterEach, describe, expect, it } from 'vitest';
import { SGLANG_PAGES, VLLM_PAGES } from '../engines/__fixtures__/engines.ts';
import { until } from '../engines/__fixtures__/page-server.ts';
import { closeAll, described, observe, serve } from './__fixtures__/observed-fleet.ts';
import type { InstanceSettings } from './instance-settings.ts';

afterEach(closeAll);

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

  it('refuses what cannot be, and changes nothing', async () => {
    const { fleet, wanted, newsOf } = await running();
    expect(() =>
      fleet.replace([
        { id: 'b', url: 'http://x' },
        { id: 'b', url: 'http://y' },
      ]),
    ).toThrow('instance id "b" is used twice, for http://x and http://y; each needs its own');
    expect(() => fleet.replace([wanted, { id: 'c', url: 'nowhere' }])).toThrow('"nowhere" is not an address');
    const scrape = { extraMetricNames: { waitingRequests: ['not a name'] } };
    expect(() => fleet.replace([{ ...wanted, scrape }])).toThrow('"not a name" is no metric name');
    expect(fleet.describe().map(({ id }) => id)).toEqual(['a']);
    expect(newsOf('a')).toEqual(['added llama-3.1-8b', 'healthy']);
  });
});
