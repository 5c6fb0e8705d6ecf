/** Nodes that serve one model together, from joining to leaving, through the whole house. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startWorker, type Worker, type WorkerOptions } from '../../examples/pipelines/worker.ts';
import { type App, startApp } from '../../src/cli/up/app.ts';
import { ANSWER, startScriptedEngine } from '../bad-input/support/engine.ts';
import { eventually } from '../bad-input/support/eventually.ts';
import { quietConfig } from '../bad-input/support/house.ts';

/** 12 layers of 1 GiB, of which a node of 15.2 GiB holds 6. */
const MODEL = {
  name: 'twelve',
  numLayers: 12,
  hiddenDim: 4096,
  intermediateDim: 0,
  headSize: 64,
  numAttentionHeads: 0,
  numKvHeads: 1024,
  vocabSize: 65_536,
  paramBytesPerElement: 2,
  mlxParamBytesPerElement: 2,
  cacheBytesPerElement: 2,
};

let directory: string;
const apps: App[] = [];
const workers: Worker[] = [];
const closings: (() => Promise<void>)[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signalbox-pipelines-'));
  await writeFile(join(directory, 'model.json'), JSON.stringify(MODEL));
});
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.crash();
  for (const app of apps.splice(0)) await app.close();
  for (const close of closings.splice(0)) await close();
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function aHouse(pipelines: object = {}): Promise<App> {
  const config = quietConfig({
    instances: [],
    tasks: { enabled: false },
    pipelines: { model: join(directory, 'model.json'), ...pipelines },
  });
  const app = await startApp(config);
  apps.push(app);
  return app;
}

async function aWorker(app: App, id: string, options: Partial<WorkerOptions> = {}): Promise<Worker> {
  const worker = await startWorker({
    id,
    control: app.controlUrl,
    hardware: { gpuName: 'x', tflopsFp16: 100, memoryGb: 15.2, memoryBandwidthGBps: 1000 },
    heartbeatMs: 50,
    speed: 1000,
    ...options,
  });
  workers.push(worker);
  return worker;
}

interface Overview {
  readonly pipelines: readonly { readonly nodes: readonly string[] }[];
  readonly chains: readonly { readonly id: string; readonly isReady: boolean }[];
  readonly nodes: readonly { readonly id: string; readonly layers: unknown; readonly requests: number }[];
  readonly requestsInFlight: number;
}

async function control<Answer>(app: App, method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(app.controlUrl + path, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }),
  });
  return { status: response.status, ...((await response.json()) as object) } as Answer;
}

const overview = (app: App) => control<Overview>(app, 'GET', '/pipelines');

const chat = (app: App) =>
  fetch(`${app.dataUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'twelve', messages: [{ role: 'user', content: 'hi' }], max_tokens: 2 }),
  });

async function serves(app: App): Promise<void> {
  await eventually(async () => {
    const { instances } = await control<{ instances: { state: string }[] }>(
      app,
      'GET',
      '/admin/instances?state=ready',
    );
    expect(instances.length).toBeGreaterThan(0);
  });
}

function aJoin(id: string, more: object = {}) {
  const hardware = { gpuName: 'x', tflopsFp16: 100, memoryGb: 15.2, memoryBandwidthGBps: 1000 };
  return { id, hardware, reportsLayers: false, ...more };
}

describe('workers', () => {
  it('that hold the model between them serve it through the gateway, and leave when they have drained', async () => {
    const app = await aHouse();
    const first = await aWorker(app, 'a');
    expect((await overview(app)).pipelines).toEqual([]);
    await aWorker(app, 'b');
    await serves(app);
    expect((await overview(app)).pipelines).toEqual([{ id: 0, nodes: expect.arrayContaining(['a', 'b']) }]);
    const answer = await chat(app);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ model: 'twelve', choices: [{}] });
    expect((await overview(app)).requestsInFlight).toBe(0);
    await first.leave();
    const { nodes, chains } = await overview(app);
    expect(nodes.map(({ id }) => id)).toEqual(['b']);
    expect(chains).toEqual([]);
    expect((await chat(app)).status).toBeGreaterThanOrEqual(400);
  });

  it('that fall silent are gone after the timeout, and others take their layers', async () => {
    const app = await aHouse({ heartbeatTimeoutMs: 400 });
    const lost = await aWorker(app, 'a');
    await aWorker(app, 'b');
    await aWorker(app, 'c');
    await serves(app);
    await lost.crash();
    await eventually(async () => {
      const { pipelines, nodes, chains } = await overview(app);
      expect(nodes.map(({ id }) => id).sort()).toEqual(['b', 'c']);
      expect(pipelines).toHaveLength(1);
      expect(chains[0]!.isReady).toBe(true);
    });
    await eventually(async () => expect((await chat(app)).status).toBe(200));
  });
});

describe('the gateway', () => {
  it('tells the first node of a chain which way the request goes, and holds its room meanwhile', async () => {
    const app = await aHouse();
    const engine = await startScriptedEngine(ANSWER);
    closings.push(() => engine.close());
    await control(
      app,
      'POST',
      '/pipelines/nodes',
      aJoin('a', { url: engine.url, layers: { start: 0, end: 6 } }),
    );
    await control(app, 'POST', '/pipelines/nodes', aJoin('b', { layers: { start: 6, end: 12 } }));
    await serves(app);
    expect((await chat(app)).status).toBe(200);
    const { headers } = engine.calls.at(-1)!;
    expect(headers['x-signalbox-pipeline']).toBe('pipeline-0');
    expect(JSON.parse(String(headers['x-signalbox-hops']))).toEqual([
      { node: 'a', url: engine.url, start: 0, end: 6 },
      { node: 'b', url: null, start: 6, end: 12 },
    ]);
    expect((await overview(app)).nodes.map(({ requests }) => requests)).toEqual([0, 0]);
  });
});

describe('the calls', () => {
  it('give room in a chain, keep others waiting, and take it back', async () => {
    const app = await aHouse({ routing: 'dp' });
    const limits = { maxConcurrentRequests: 1 };
    await control(app, 'POST', '/pipelines/nodes', aJoin('a', { layers: { start: 0, end: 6 }, ...limits }));
    await control(app, 'POST', '/pipelines/nodes', aJoin('b', { layers: { start: 6, end: 12 }, ...limits }));
    await control(app, 'PUT', '/pipelines/nodes/b', { rttMs: { a: 3 } });
    const route = await control(app, 'POST', '/pipelines/route', { requestId: 'one' });
    expect(route).toMatchObject({
      status: 200,
      hops: [
        { node: 'a', start: 0, end: 6, linkMs: 0, room: 1 },
        { node: 'b', start: 6, end: 12, linkMs: 3 },
      ],
    });
    expect(await control(app, 'POST', '/pipelines/route', {})).toMatchObject({
      status: 429,
      error: { code: 'overloaded' },
    });
    const waits = control(app, 'POST', '/pipelines/route', { requestId: 'two', waitMs: 10_000 });
    await eventually(async () => expect(await overview(app)).toMatchObject({ requestsWaiting: 1 }));
    expect(await control(app, 'DELETE', '/pipelines/route/one')).toMatchObject({ status: 200 });
    expect(await waits).toMatchObject({ status: 200, requestId: 'two' });
    expect(await control(app, 'DELETE', '/pipelines/route/one')).toMatchObject({ status: 404 });
  });

  it('show what a new plan would change', async () => {
    const app = await aHouse();
    expect(await control(app, 'POST', '/pipelines/rebalance', {})).toMatchObject({
      isMoved: false,
      move: null,
    });
    await control(app, 'POST', '/pipelines/nodes', aJoin('a'));
    await control(app, 'POST', '/pipelines/nodes', aJoin('b'));
    expect(await control(app, 'POST', '/pipelines/rebalance', {})).toMatchObject({
      isMoved: false,
      move: { isWorthIt: false, layersToLoad: 0, reason: 'the plan in force carries as much' },
    });
  });

  it.each([
    ['no memory', aJoin('a', { hardware: { ...aJoin('a').hardware, memoryGb: 0 } }), 'hardware.memoryGb'],
    ['a round trip of less than nothing', aJoin('a', { rttMs: { b: -1 } }), 'rttMs.b'],
    ['layers beyond the model', aJoin('a', { layers: { start: 6, end: 13 } }), 'nodes[a].range.end'],
    ['layers that do not fit', aJoin('a', { layers: { start: 0, end: 12 } }), 'nodes[a].range'],
    ['an address on the internet', aJoin('a', { url: 'http://93.184.216.34:8000' }), 'url'],
    ['a field that does not exist', aJoin('a', { memory: 4 }), 'memory'],
  ])('refuse %s, and nothing has changed', async (_what, body, param) => {
    const app = await aHouse();
    const refused = await control(app, 'POST', '/pipelines/nodes', body);
    expect(refused).toMatchObject({ status: 400, error: { param } });
    expect((await overview(app)).nodes).toEqual([]);
  });

  it('say that a node is not known, so that it joins again', async () => {
    const app = await aHouse();
    expect(await control(app, 'PUT', '/pipelines/nodes/a', {})).toMatchObject({
      status: 404,
      error: { code: 'not_found' },
    });
    expect(await control(app, 'DELETE', '/pipelines/nodes/a')).toMatchObject({ status: 404 });
    expect(await control(app, 'POST', '/pipelines/route', {})).toMatchObject({
      status: 503,
      error: { code: 'no_instance_available' },
    });
  });
});

it('does not start with a model that makes no sense', async () => {
  await writeFile(join(directory, 'bad.json'), JSON.stringify({ ...MODEL, numLayers: 0 }));
  await expect(aHouse({ model: join(directory, 'bad.json') })).rejects.toThrow(
    /pipelines\.model: .*bad\.json cannot be used: model\.numLayers is 0/,
  );
});
