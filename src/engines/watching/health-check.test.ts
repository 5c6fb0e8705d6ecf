import { afterEach, describe, expect, it } from 'vitest';
import type { EngineKind } from '../../domain/index.ts';
import { LLAMACPP_LOADING, OPENAI_PAGES, TRITON_PAGES } from '../__fixtures__/engines.ts';
import { type FixturePage, type PageServer, startPageServer, until } from '../__fixtures__/page-server.ts';
import { realSurroundings } from '../__fixtures__/surroundings.ts';
import { ENGINE_ADAPTERS } from '../adapters/index.ts';
import { createPageClient, type PageClient } from '../pages/page-client.ts';
import { type HealthCheck, type HealthCheckOptions, startHealthCheck } from './health-check.ts';
import { DEFAULT_HEALTH_SETTINGS, type HealthSettings } from './health-settings.ts';

const QUICK = { ...DEFAULT_HEALTH_SETTINGS, intervalMs: 15, startIntervalMs: 10, timeoutMs: 1000 };

let server: PageServer;
let client: PageClient;
let check: HealthCheck;
let verdicts: [isHealthy: boolean, detail: string | undefined][];

async function watch(
  pages: Readonly<Record<string, FixturePage>>,
  settings: Partial<HealthSettings> = {},
  how: Partial<HealthCheckOptions> & { kind?: EngineKind } = {},
): Promise<void> {
  server = await startPageServer(pages);
  client = createPageClient();
  verdicts = [];
  check = startHealthCheck(
    {
      adapter: ENGINE_ADAPTERS[how.kind ?? 'vllm'],
      baseUrl: server.url,
      client,
      settings: { ...QUICK, ...settings },
      onVerdict: (isHealthy, detail) => verdicts.push([isHealthy, detail]),
      ...how,
    },
    realSurroundings(),
  );
}

const checksDone = (count: number) =>
  until(() => server.requests.length >= count, `${count} checks were made`);

afterEach(async () => {
  check.stop();
  await client.close();
  await server.close();
});

describe('the first checks', () => {
  it('say healthy at the first success, once', async () => {
    await watch({ '/health': 200 });
    await checksDone(4);
    expect(verdicts).toEqual([[true, undefined]]);
    expect(check.status()).toMatchObject({ verdict: 'healthy', lastError: undefined });
  });

  it('say nothing while llama.cpp loads its model, and healthy when it has', async () => {
    await watch({ '/health': LLAMACPP_LOADING }, {}, { kind: 'llamacpp' });
    await checksDone(4);
    expect(verdicts).toEqual([]);
    expect(check.status()).toMatchObject({
      verdict: 'starting',
      lastError: `GET ${server.url}/health: answered 503 (Loading model)`,
    });
    server.set('/health', { status: 'ok' });
    await until(() => verdicts.length > 0, 'there is a verdict');
    expect(verdicts).toEqual([[true, undefined]]);
  });

  it('say nothing while there is nobody, however long', async () => {
    await watch({ '/health': (request) => request.socket.resetAndDestroy() });
    await checksDone(5);
    expect(verdicts).toEqual([]);
    expect(check.status().verdict).toBe('starting');
    expect(check.status().consecutiveFailures).toBeGreaterThanOrEqual(3);
  });
});

describe('a healthy instance', () => {
  it('is unhealthy after two failures, and healthy after one success', async () => {
    await watch({ '/health': 200 });
    await until(() => verdicts.length === 1, 'it is healthy');
    server.set('/health', 500);
    await until(() => verdicts.length === 2, 'it is unhealthy');
    server.set('/health', 200);
    await until(() => verdicts.length === 3, 'it is healthy again');
    expect(verdicts).toEqual([
      [true, undefined],
      [false, `GET ${server.url}/health: answered 500`],
      [true, undefined],
    ]);
  });

  it('may fail once', async () => {
    let asked = 0;
    await watch({ '/health': (_request, response) => response.writeHead(++asked === 3 ? 500 : 200).end() });
    await checksDone(6);
    expect(verdicts).toEqual([[true, undefined]]);
  });

  it('that loads its model again is unhealthy: it cannot serve', async () => {
    await watch({ '/health': 200 }, {}, { kind: 'llamacpp' });
    await until(() => verdicts.length === 1, 'it is healthy');
    server.set('/health', LLAMACPP_LOADING);
    await until(() => verdicts.length === 2, 'it is unhealthy');
    expect(verdicts[1]?.[1]).toContain('Loading model');
  });

  it('that hangs is unhealthy', async () => {
    await watch({ '/health': 200 }, { timeoutMs: 40 });
    await until(() => verdicts.length === 1, 'it is healthy');
    server.set('/health', () => {});
    await until(() => verdicts.length === 2, 'it is unhealthy');
    expect(verdicts[1]?.[1]).toContain('no complete answer within 40 ms');
  });

  it.each([1, 3, 5])('counts failures up to its own threshold of %i', async (unhealthyAfter) => {
    let asked = 0;
    const askedAtVerdict: number[] = [];
    const page: FixturePage = (_request, response) => response.writeHead(++asked === 1 ? 200 : 500).end();
    await watch({ '/health': page }, { unhealthyAfter }, { onVerdict: () => askedAtVerdict.push(asked) });
    await until(() => askedAtVerdict.length === 2, 'it is unhealthy');
    expect(askedAtVerdict).toEqual([1, 1 + unhealthyAfter]);
  });

  it('counts successes up to its own threshold before it is trusted again', async () => {
    await watch({ '/health': 200 }, { unhealthyAfter: 1, healthyAfter: 3 });
    await until(() => verdicts.length === 1, 'it is healthy');
    server.set('/health', 500);
    await until(() => verdicts.length === 2, 'it is unhealthy');
    const before = server.requests.length;
    server.set('/health', 200);
    await until(() => verdicts.length === 3, 'it is healthy again');
    expect(server.requests.length - before).toBeGreaterThanOrEqual(3);
  });

  it('can be known to be healthy before the first check', async () => {
    await watch({ '/health': 500 }, {}, { verdict: 'healthy' });
    await until(() => verdicts.length === 1, 'there is a verdict');
    expect(verdicts[0]?.[0]).toBe(false);
  });
});

describe('where health is asked for', () => {
  it('is the engine’s own page, or the next that it may have', async () => {
    await watch(TRITON_PAGES, {}, { kind: 'tensorrt-llm' });
    await until(() => verdicts.length === 1, 'there is a verdict');
    expect(server.requests.map(({ url }) => url).slice(0, 2)).toEqual(['/health', '/v2/health/ready']);
  });

  it('is the model list where there is no health page, with the instance’s key', async () => {
    await watch(OPENAI_PAGES, {}, { kind: 'openai', authorization: { type: 'bearer', token: 'k' } });
    await until(() => verdicts.length === 1, 'there is a verdict');
    expect(server.requests[0]).toMatchObject({ url: '/v1/models', headers: { authorization: 'Bearer k' } });
  });

  it('can be configured', async () => {
    await watch({ '/ping': 204 }, { path: '/ping' });
    await until(() => verdicts.length === 1, 'there is a verdict');
    expect(verdicts).toEqual([[true, undefined]]);
  });
});

describe('without checks', () => {
  it('an instance is healthy at once and never asked', async () => {
    await watch({ '/health': 500 }, { enabled: false });
    expect(verdicts).toEqual([[true, 'not checked']]);
    expect(check.status().verdict).toBe('healthy');
    expect(server.requests).toHaveLength(0);
  });
});

describe('stop', () => {
  it('ends the check in progress without a verdict', async () => {
    await watch({ '/health': () => {} });
    await checksDone(1);
    check.stop();
    await until(() => server.openSockets() === 0, 'the request was dropped');
    expect(verdicts).toEqual([]);
    expect(check.status().consecutiveFailures).toBe(0);
  });
});
