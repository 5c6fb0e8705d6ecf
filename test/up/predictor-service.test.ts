/** A predictor service beside `signalbox up`: what it says shows in decisions, and its end does no harm. */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import type { DecisionBody } from '../../src/admin/index.ts';
import { eventually } from '../bad-input/support/eventually.ts';
import { type Fleet, openFleets } from './support/fleet.ts';
import { MODEL, streamOf } from './support/requests.ts';

const startFleet = openFleets();
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

interface Asked {
  readonly path: string;
  readonly body: {
    readonly trace: {
      readonly model_id: string;
      readonly input_feature: readonly { readonly param_name: string; readonly val: number }[];
    };
  };
}

/** A service whose every request takes `expectMs`, as told by the question. */
async function startService(expectMs: (asked: Asked) => number) {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const question = { path: request.url!, body: JSON.parse(Buffer.concat(parts).toString()) };
      asked.push(question);
      const results = { status: 'success', expect: expectMs(question), error: 50 };
      response.end(JSON.stringify({ summary: { total: 1, success: 1, failed: 0 }, results }));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    asked,
    url,
    kill() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const sectionsFor = (url: string, maxAgeMs = 200) => ({
  prediction: { predictor: 'external', external: { url, refreshMs: 20, maxAgeMs, timeoutMs: 2_000 } },
});

async function decisionOf(fleet: Fleet): Promise<DecisionBody> {
  const response = await fleet.chat(streamOf(8));
  await response.text();
  const id = response.headers.get('x-signalbox-request-id')!;
  let decision!: DecisionBody;
  await eventually(async () => {
    decision = await fleet.admin<DecisionBody>(`/admin/decisions/${id}`);
    expect(decision.predictedTtftMs).toBeDefined();
  });
  return decision;
}

const ttftOf = async (fleet: Fleet) => (await decisionOf(fleet)).predictedTtftMs!.mean;

async function countOf(fleet: Fleet, source: string): Promise<number> {
  const series = `signalbox_predictions_total{predictor="external",source="${source}"} `;
  const line = (await fleet.metrics()).split('\n').find((text) => text.startsWith(series));
  return Number(line?.slice(series.length) ?? 0);
}

it('what a predictor service says shows in the decisions, and its end lets what was learnt stand in', async () => {
  const service = await startService(() => 60_000);
  const plain = await startFleet();
  const learnt = await ttftOf(plain);
  const fleet = await startFleet({ config: sectionsFor(service.url) });
  await eventually(async () => expect(await ttftOf(fleet)).toBeGreaterThan(5 * learnt));
  const [first] = service.asked;
  expect(first!.path).toBe(`/predict/single/${MODEL}/${MODEL}/unknown/vllm/unknown`);
  expect(first!.body.trace.model_id).toBe(MODEL);
  expect(first!.body.trace.input_feature.map(({ param_name }) => param_name)).toEqual([
    'input_tokens',
    'output_tokens',
    'batch_size',
    'cached_tokens',
  ]);
  expect(await countOf(fleet, 'told')).toBeGreaterThan(0);

  service.kill();
  await eventually(async () => expect(await ttftOf(fleet)).toBeLessThan(5 * learnt));
  const before = await countOf(fleet, 'stand-in');
  await eventually(async () => {
    await decisionOf(fleet);
    expect(await countOf(fleet, 'stand-in')).toBeGreaterThan(before);
  });
});

it('a service that says nothing holds nobody up, and requests go to all instances', async () => {
  const silent = createServer(() => undefined);
  servers.push(silent);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const fleet = await startFleet({
    engines: 3,
    config: { ...sectionsFor(url), routing: 'signalbox' },
  });
  const answers = await Promise.all(Array.from({ length: 9 }, () => fleet.chat(streamOf(8))));
  const ids = answers.map(({ headers }) => headers.get('x-signalbox-request-id')!);
  for (const answer of answers) await answer.text();
  const decisions = await Promise.all(ids.map((id) => fleet.admin<DecisionBody>(`/admin/decisions/${id}`)));
  expect(new Set(decisions.map(({ instanceId }) => instanceId)).size).toBe(3);
});

it('steers requests away from the hardware that it says is slow', async () => {
  const service = await startService(({ path }) => (path.includes('/slow/') ? 50_000 : 50));
  const fleet = await startFleet({
    engines: 2,
    config: {
      ...sectionsFor(service.url, 60_000),
      routing: 'signalbox',
    },
    labels: [{ hardware: 'slow' }, { hardware: 'fast' }],
  });
  // Coefficients are asked for every quarter of a second; until then chance decides.
  await eventually(async () => {
    for (let i = 0; i < 6; i++) expect((await decisionOf(fleet)).instanceId).toBe('e1');
  });
});
