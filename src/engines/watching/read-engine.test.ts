import { afterEach, describe, expect, it } from 'vitest';
import type { EngineKind } from '../../domain/index.ts';
import {
  type EnginePages,
  LLAMACPP_PAGES,
  OPENAI_PAGES,
  SGLANG_PAGES,
  TGI_PAGES,
  TRITON_PAGES,
  TRTLLM_SERVE_PAGES,
  VLLM_PAGES,
} from '../__fixtures__/engines.ts';
import { metricsFixture, type PageServer, startPageServer } from '../__fixtures__/page-server.ts';
import { ENGINE_ADAPTERS } from '../adapters/index.ts';
import { createPageClient, type PageClient } from '../pages/page-client.ts';
import { createEngineReader, type ReadEngine } from './read-engine.ts';
import { DEFAULT_SCRAPE_SETTINGS, type ScrapeSettings } from './scrape-settings.ts';

let server: PageServer;
let client: PageClient;
const never = new AbortController().signal;

async function readerFor(
  kind: EngineKind,
  pages: EnginePages,
  settings: Partial<ScrapeSettings> = {},
): Promise<ReadEngine | undefined> {
  server = await startPageServer(pages);
  client = createPageClient();
  return createEngineReader(ENGINE_ADAPTERS[kind], server.url, client, {
    ...DEFAULT_SCRAPE_SETTINGS,
    ...settings,
  });
}

async function readOnce(...how: Parameters<typeof readerFor>) {
  const read = await readerFor(...how);
  return read!(never);
}

afterEach(async () => {
  await client.close();
  await server.close();
});

describe('an engine that is well', () => {
  it.each<[EngineKind, EnginePages, object]>([
    ['vllm', VLLM_PAGES, { waitingRequests: 4, runningRequests: 23, kvCacheUsage: 0.4371 }],
    ['sglang', SGLANG_PAGES, { waitingRequests: 2826, runningRequests: 161, kvCacheUsage: 0.28 }],
    ['llamacpp', LLAMACPP_PAGES, { waitingRequests: 2, runningRequests: 3, kvCacheUsage: 0.75 }],
    ['tgi', TGI_PAGES, { waitingRequests: 7, runningRequests: 32 }],
    ['tensorrt-llm', TRTLLM_SERVE_PAGES, { waitingRequests: 3, runningRequests: 12, kvCacheUsage: 0.62 }],
    ['tensorrt-llm', TRITON_PAGES, { waitingRequests: 6, runningRequests: 9, kvCacheUsage: 0.3 }],
  ])('%s is read without complaint', async (kind, pages, expected) => {
    const { reading, problems } = await readOnce(kind, pages);
    expect(reading).toMatchObject(expected);
    expect(problems).toEqual([]);
  });
});

describe('llama.cpp', () => {
  it('is read from its slots alone where it has no metrics page, and says how to get one', async () => {
    const { reading, problems } = await readOnce('llamacpp', {
      '/slots': LLAMACPP_PAGES['/slots']!,
      '/metrics': 501,
    });
    expect(reading).toEqual({ runningRequests: 3, kvCacheUsage: 0.75 });
    expect(problems).toEqual([expect.stringMatching(/answered 501 \(llama-server .* with --metrics\)/)]);
  });

  it('is read from its metrics alone where it has no slots page', async () => {
    const { reading, problems } = await readOnce('llamacpp', { '/metrics': LLAMACPP_PAGES['/metrics']! });
    expect(reading).toEqual({ waitingRequests: 2, runningRequests: 3 });
    expect(problems).toEqual([expect.stringContaining('/slots: answered 404')]);
  });

  it.each([['text'], [{}], ['[]'], [[{ id: 0 }]], [{ error: { code: 501 } }]])(
    'does not trip over slots like %j',
    async (slots) => {
      const { reading, problems } = await readOnce('llamacpp', { '/slots': slots });
      expect(reading).toEqual({});
      expect(problems).toHaveLength(2);
    },
  );
});

describe('an engine that has nothing to be read', () => {
  it('has no reader', async () => {
    expect(await readerFor('openai', OPENAI_PAGES)).toBeUndefined();
  });

  it.each<Partial<ScrapeSettings>>([
    { extraMetricNames: { waitingRequests: ['queue_depth'] } },
    { path: '/metrics', extraMetricNames: { waitingRequests: ['queue_depth'] } },
  ])('has one as soon as metrics are named for it: %j', async (settings) => {
    const { reading } = await readOnce('openai', { '/metrics': 'queue_depth 5\n' }, settings);
    expect(reading).toEqual({ waitingRequests: 5 });
  });
});

describe('settings', () => {
  it('can name another path', async () => {
    const { reading } = await readOnce('vllm', { '/stats': metricsFixture('vllm-v1') }, { path: '/stats' });
    expect(reading.waitingRequests).toBe(4);
  });

  it('can name another port', async () => {
    const metrics = await startPageServer({ '/metrics': metricsFixture('triton') });
    try {
      const { reading } = await readOnce('tensorrt-llm', {}, { port: metrics.port });
      expect(reading.runningRequests).toBe(9);
      expect(server.requests).toHaveLength(0);
    } finally {
      await metrics.close();
    }
  });

  it('can give credentials', async () => {
    await readOnce('vllm', VLLM_PAGES, { authorization: { type: 'basic', username: 'u', password: 'p' } });
    expect(server.requests[0]?.headers.authorization).toBe('Basic dTpw');
  });
});

describe('a page that is of no use', () => {
  it('is said to have none of the metrics', async () => {
    const { reading, problems } = await readOnce('vllm', { '/metrics': '<html><body>Welcome</body></html>' });
    expect(reading).toEqual({});
    expect(problems).toEqual([`${server.url}/metrics has none of vLLM's metrics`]);
  });

  it('may be missing because it was not switched on', async () => {
    const { problems } = await readOnce('sglang', {});
    expect(problems[0]).toContain('--enable-metrics');
  });

  it('may be broken for other reasons', async () => {
    const { problems } = await readOnce('sglang', { '/metrics': 500 });
    expect(problems[0]).toMatch(/answered 500$/);
  });

  it('is given up when it takes too long', async () => {
    const { reading, problems } = await readOnce('vllm', { '/metrics': () => {} }, { timeoutMs: 50 });
    expect(reading).toEqual({});
    expect(problems[0]).toContain('no complete answer within 50 ms');
  });

  it('is given up when it is too long', async () => {
    const { problems } = await readOnce('vllm', { '/metrics': 'x'.repeat(10_000) }, { maxBytes: 5000 });
    expect(problems[0]).toContain('larger than 5000 bytes');
  });
});
