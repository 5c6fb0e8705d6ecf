import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../engines/__fixtures__/page-server.ts';
import { type RunningSimulatedEngine, startSimulatedEngine } from '../engines/simulated/index.ts';
import { closeAll, described, observe } from './__fixtures__/observed-fleet.ts';
import { settingsForUrl } from './instance-settings.ts';

let engine: RunningSimulatedEngine | undefined;

afterEach(async () => {
  await closeAll();
  await engine?.close();
  engine = undefined;
});

describe('a simulated engine', () => {
  it.each([
    ['vllm', { waitingRequests: 0, runningRequests: 0, kvCacheUsage: 0, kvCacheTokens: expect.any(Number) }],
    ['sglang', { waitingRequests: 0, runningRequests: 0, kvCacheUsage: 0 }],
    ['llamacpp', { waitingRequests: 0, runningRequests: 0, kvCacheUsage: 0 }],
  ] as const)('that speaks as %s is taken for one', async (dialect, report) => {
    engine = await startSimulatedEngine({ dialect, model: 'my-model' });
    const { fleet, newsOf } = observe();
    const settings = settingsForUrl(`${engine.url}/v1`);
    fleet.replace([settings]);
    await until(() => newsOf(settings.id).includes('healthy'), 'it is healthy');
    await until(() => described(fleet, settings.id).scrape.lastReport !== undefined, 'it reported');
    expect(described(fleet, settings.id)).toMatchObject({
      engine: dialect,
      engineVersion: expect.any(String),
      models: ['my-model'],
      adapters: [],
      maxContextTokens: expect.any(Number),
      scrape: { lastError: undefined, lastReport: report },
    });
  });

  it('shows its load as it grows', async () => {
    engine = await startSimulatedEngine({ model: 'm', speed: 0.05 });
    const { fleet } = observe();
    const settings = settingsForUrl(engine.url);
    fleet.replace([settings]);
    const giveUp = new AbortController();
    const running = Array.from({ length: 3 }, () =>
      fetch(`${engine!.url}/v1/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'm', prompt: 'Once upon a time', max_tokens: 500, ignore_eos: true }),
        signal: giveUp.signal,
      }).catch(() => undefined),
    );
    const reportOf = () => described(fleet, settings.id).scrape.lastReport;
    await until(() => reportOf()?.runningRequests === 3, 'three requests run there');
    expect(reportOf()?.kvCacheUsage).toBeGreaterThan(0);
    giveUp.abort();
    await Promise.all(running);
    await until(() => reportOf()?.runningRequests === 0, 'none runs there');
  });

  it('that is gone is watched on, and its last report grows old', async () => {
    engine = await startSimulatedEngine({ model: 'm' });
    const { fleet, newsOf } = observe();
    const settings = settingsForUrl(engine.url);
    fleet.replace([settings]);
    await until(() => described(fleet, settings.id).scrape.lastReport !== undefined, 'it reported');
    await engine.close();
    await until(() => newsOf(settings.id).includes('unhealthy'), 'it is unhealthy', 18_000);
    const before = described(fleet, settings.id).scrape;
    await until(() => described(fleet, settings.id).scrape.ageMs! > before.ageMs!, 'its report is older');
    expect(before.lastError).toContain('ECONNREFUSED');
  });
});
