import { afterEach, describe, expect, it } from 'vitest';
import type { InstanceReport } from '../../domain/index.ts';
import { ManualTimers } from '../__fixtures__/manual-timers.ts';
import {
  type FixturePage,
  metricsFixture,
  type PageServer,
  startPageServer,
  until,
} from '../__fixtures__/page-server.ts';
import { realSurroundings } from '../__fixtures__/surroundings.ts';
import { ENGINE_ADAPTERS } from '../adapters/index.ts';
import { createPageClient, type PageClient } from '../pages/page-client.ts';
import { createEngineReader } from './read-engine.ts';
import { DEFAULT_SCRAPE_SETTINGS } from './scrape-settings.ts';
import { type Scraper, startScraper } from './scraper.ts';

const GOOD = metricsFixture('vllm-v1');
let server: PageServer;
let client: PageClient;
let scraper: Scraper;
let reports: InstanceReport[];

/** Scrapes a vLLM whose metrics page is `page`, every 20 ms. */
async function scrape(page: FixturePage, timeoutMs = 2000): Promise<void> {
  server = await startPageServer({ '/metrics': page });
  client = createPageClient();
  reports = [];
  const settings = { ...DEFAULT_SCRAPE_SETTINGS, timeoutMs, maxBytes: 1024 * 1024 };
  scraper = startScraper(
    {
      instanceId: 'a',
      intervalMs: 20,
      read: createEngineReader(ENGINE_ADAPTERS.vllm, server.url, client, settings)!,
      onReport: (report) => reports.push(report),
    },
    realSurroundings(),
  );
}

afterEach(async () => {
  scraper.stop();
  await client?.close();
  await server?.close();
});

describe('a scraper', () => {
  it('reports what it reads, again and again', async () => {
    await scrape(GOOD);
    await until(() => reports.length >= 3, 'three reports came');
    expect(reports[0]).toMatchObject({ instanceId: 'a', waitingRequests: 4, runningRequests: 23 });
    expect(scraper.status()).toMatchObject({ lastError: undefined, consecutiveFailures: 0 });
    const times = reports.map(({ atMs }) => atMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it('sees a change at the next reading', async () => {
    await scrape('vllm:num_requests_waiting 1\n');
    await until(() => reports.length > 0, 'a report came');
    server.set('/metrics', 'vllm:num_requests_waiting 2\n');
    await until(() => reports.at(-1)?.waitingRequests === 2, 'the change was reported');
    expect(scraper.status().lastReport).toBe(reports.at(-1));
  });

  it.each<[string, FixturePage, RegExp]>([
    ['500', 500, /answered 500/],
    ['404', 404, /answered 404/],
    ['no answer', () => {}, /no complete answer within 60 ms/],
    ['headers and nothing more', (_request, response) => void response.write('vllm:'), /no complete answer/],
    ['10 MB', 'x'.repeat(10_000_000), /larger than 1048576 bytes/],
    ['10 MB of samples', `${'vllm:num_requests_waiting 1\n'.repeat(360_000)}`, /larger than/],
    ['garbage', '\u0000\u0001\u0002{{{{"""', /none of vLLM's metrics/],
    ['an HTML page', '<html><body>502 Bad Gateway</body></html>', /none of vLLM's metrics/],
    ['nothing', '', /none of vLLM's metrics/],
    [
      'a redirect',
      (_request, response) => response.writeHead(307, { location: '/else' }).end(),
      /redirected \(307\)/,
    ],
    ['a reset', (request) => request.socket.resetAndDestroy(), /ECONNRESET|other side closed|socket/i],
    [
      'gzip that is none',
      (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('plain'),
      /cannot be decoded/,
    ],
  ])('outlives a page that is %s, and is well when the page is', async (_what, bad, words) => {
    await scrape(GOOD, 60);
    await until(() => reports.length > 0, 'a report came');
    server.set('/metrics', bad);
    await until(() => scraper.status().consecutiveFailures >= 2, 'it failed twice');
    const status = scraper.status();
    expect(status.lastError).toMatch(words);
    expect(status.lastErrorAtMs).toBeGreaterThan(0);
    const lastGood = reports.at(-1);
    expect(status.lastReport).toBe(lastGood);
    server.set('/metrics', GOOD);
    await until(() => reports.at(-1) !== lastGood, 'it reports again');
    expect(scraper.status()).toMatchObject({ consecutiveFailures: 0, lastError: undefined });
    // When it was last ill stays known.
    expect(scraper.status().lastErrorAtMs).toBeGreaterThan(0);
  });

  it('asks once at a time, however slow the page is', async () => {
    let running = 0;
    let most = 0;
    await scrape((_request, response) => {
      most = Math.max(most, ++running);
      setTimeout(() => {
        running--;
        response.end(GOOD);
      }, 60);
    });
    await until(() => reports.length >= 3, 'three reports came');
    expect(most).toBe(1);
  });

  it('is silent after it was stopped in the middle of a reading', async () => {
    await scrape(() => {});
    await until(() => server.hits('/metrics') === 1, 'it asked');
    scraper.stop();
    await until(() => server.openSockets() === 0, 'the request was dropped');
    expect(reports).toEqual([]);
    expect(scraper.status().consecutiveFailures).toBe(0);
  });
});

describe('time', () => {
  it('stamps a report with the moment of asking, and keeps the interval', async () => {
    const timers = new ManualTimers();
    const seen: number[] = [];
    scraper = startScraper(
      {
        instanceId: 'a',
        intervalMs: 1000,
        read: async () => {
          await new Promise<void>((resolve) => timers.setTimeout(resolve, 300));
          return { reading: { waitingRequests: 1 }, problems: ['half of it is missing'] };
        },
        onReport: ({ atMs }) => seen.push(atMs - 1_000_000),
      },
      { clock: timers.clock, timers, random: { next: () => 0.5 } },
    );
    await timers.advance(3000);
    expect(seen).toEqual([50, 1050, 2050]);
    // A reading that got something is a success, and still tells what it missed.
    expect(scraper.status()).toMatchObject({ consecutiveFailures: 0, lastError: 'half of it is missing' });
  });

  it('spreads a fleet’s first readings over a tenth of the interval', async () => {
    const delays = [0, 0.25, 0.75].map((chance) => {
      const timers = new ManualTimers();
      scraper = startScraper(
        {
          instanceId: 'a',
          intervalMs: 1000,
          read: async () => ({ reading: {}, problems: [] }),
          onReport: () => {},
        },
        { clock: timers.clock, timers, random: { next: () => chance } },
      );
      return timers.nextDelayMs();
    });
    expect(delays).toEqual([0, 25, 75]);
  });
});
