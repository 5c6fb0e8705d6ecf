import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { predictorService } from './predictor-service.ts';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const place = {
  model_type: 'm',
  model_name: 'm',
  hardware: 'H100',
  software_name: 'vllm',
  software_version: 'unknown',
};
const QUESTION = { place, uncachedTokens: 10, cachedTokens: 0, outputTokens: 5, batchSize: 1 };
const ANSWER = JSON.stringify({ results: { status: 'success', expect: 42, error: 1 } });

describe('a question', () => {
  it('is posted to the address of its model and place, with the token', async () => {
    const seen: unknown[] = [];
    const url = await serve(({ method, url: path, headers }, response) => {
      seen.push([method, path, headers.authorization, headers['content-type']]);
      response.end(ANSWER);
    });
    const service = predictorService({ url: `${url}/base`, timeoutMs: 5_000, token: 'hush' });
    expect(await service.ask(QUESTION)).toEqual({ mean: 42, standardDeviation: 1 });
    const path = '/base/predict/single/m/m/H100/vllm/unknown';
    expect(seen).toEqual([['POST', path, 'Bearer hush', 'application/json']]);
  });

  it.each<[string, RequestListener, string]>([
    ['a status of failure', (_, response) => response.writeHead(503).end(), 'it answered with status 503'],
    [
      'a redirect',
      (_, response) => response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end(),
      'redirect',
    ],
    ['no JSON', (_, response) => response.end('<html>'), 'is not valid JSON'],
    ['no results', (_, response) => response.end('{}'), 'its answer has no results'],
    ['far too much', (_, response) => response.end('x'.repeat(2 ** 20 + 1)), 'longer than 1048576 bytes'],
    ['a broken connection', ({ socket }) => socket.destroy(), 'UND_ERR_SOCKET'],
  ])('that is answered with %s fails and says why', async (_, listener, message) => {
    const service = predictorService({ url: await serve(listener), timeoutMs: 5_000 });
    await expect(service.ask(QUESTION)).rejects.toThrow(message);
  });

  it('that is never answered fails, also when the answer has begun', async () => {
    const silent = predictorService({ url: await serve(() => undefined), timeoutMs: 50 });
    await expect(silent.ask(QUESTION)).rejects.toThrow('timeout');
    const url = await serve((_, response) => response.write('{'));
    await expect(predictorService({ url, timeoutMs: 50 }).ask(QUESTION)).rejects.toThrow('timeout');
  });

  it('to nobody says that nobody is there', async () => {
    const service = predictorService({ url: 'http://127.0.0.1:1', timeoutMs: 5_000 });
    await expect(service.ask(QUESTION)).rejects.toThrow(/ECONNREFUSED|bad port/);
  });
});

describe('its health', () => {
  it.each([
    ['{"status":"healthy"}', true],
    ['{"status":"ok"}', true],
    ['{"status":"loading"}', false],
    ['null', false],
    ['nothing', false],
  ])('%s', async (body, isHealthy) => {
    const url = await serve(({ url: path }, response) =>
      response.writeHead(path === '/health' ? 200 : 404).end(body),
    );
    expect(await predictorService({ url, timeoutMs: 5_000 }).isHealthy()).toBe(isHealthy);
  });
});
