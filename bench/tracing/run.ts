/**
 * What tracing costs a request that goes through intake, scheduler and relay, without any socket: `npm run bench:tracing`.
 * `--before DIR` compares with another checkout, whose gateway then runs in the same rounds.
 */

import { parseArgs } from 'node:util';
import type { EngineClient, Exchange } from '../../src/gateway/transport/port.ts';
import { createRequestTracing, openTracing } from '../../src/telemetry/tracing/index.ts';

const { values: options } = parseArgs({
  options: { before: { type: 'string' }, rounds: { type: 'string', default: '40' } },
});

const REQUESTS = 2_000;
const CLOCK = { now: () => performance.timeOrigin + performance.now() };
const HERE = new URL('../..', import.meta.url).pathname;
const BODY = Buffer.from(
  JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hello '.repeat(100) }], max_tokens: 10 }),
);
const ANSWER = Buffer.from('{"choices":[],"usage":{"prompt_tokens":100,"completion_tokens":10}}');

/** Answers every call within the same turn of the event loop. */
const engine: EngineClient = {
  call(_target, _request, listener) {
    queueMicrotask(() => {
      listener.onHead(200, { 'content-type': 'application/json' });
      listener.onBytes(ANSWER);
      listener.onEnd();
    });
    return { pause: () => undefined, resume: () => undefined, abort: () => undefined };
  },
  forget: () => undefined,
  openConnections: 0,
  close: async () => undefined,
};

/** A gateway of the checkout in `root`; gives what sends one request through it. */
async function gatewayOf(root: string, tracing?: ReturnType<typeof createRequestTracing>) {
  const load = (path: string) => import(`${root}/src/${path}/index.ts`);
  const { createInstance, seededRandom }: typeof import('../../src/domain/index.ts') = await load('domain');
  const { createGateway, createIntake, createRequestIds }: typeof import('../../src/gateway/index.ts') =
    await load('gateway');
  const { createPolicy }: typeof import('../../src/queueing/index.ts') = await load('queueing');
  const { findPreset, RoutingProfile }: typeof import('../../src/routing/index.ts') = await load('routing');
  const { DEFAULT_SCHEDULER_SETTINGS, LiveScheduler }: typeof import('../../src/scheduler/index.ts') =
    await load('scheduler');
  const scheduler = new LiveScheduler({
    clock: CLOCK,
    random: seededRandom(1),
    policy: createPolicy({ name: 'fifo' }),
    profile: new RoutingProfile(findPreset('least-loaded')),
    settings: DEFAULT_SCHEDULER_SETTINGS,
    timers: globalThis,
  });
  const instance = createInstance({ id: 'i0', url: 'http://127.0.0.1:8000', models: ['m'] });
  scheduler.tellFleet({ type: 'instance-added', instance });
  scheduler.tellFleet({ type: 'instance-health', instanceId: 'i0', isHealthy: true });
  let onExchange: (exchange: Exchange) => void = () => undefined;
  createGateway({
    door: scheduler,
    intake: createIntake({
      modelNames: () => scheduler.modelNames(),
      random: seededRandom(1),
      requestIds: createRequestIds(),
    }),
    clock: CLOCK,
    observer: { onRequestStart: () => undefined, onRetry: () => undefined, onRequestEnd: () => undefined },
    ...(tracing && { tracing }),
    createEngineClient: () => engine,
    createServer(_options, listener) {
      onExchange = listener;
      return {
        listen: async (address) => address,
        openConnections: 0,
        close: async () => undefined,
        destroyConnections: () => undefined,
      };
    },
  });
  return () => new Promise<void>((resolve) => onExchange(exchange(resolve)));
}

function exchange(onEnd: () => void): Exchange {
  return {
    head: {
      method: 'POST',
      path: '/v1/chat/completions',
      query: '',
      headers: { 'content-type': 'application/json', 'user-agent': 'bench', accept: '*/*' },
      remoteAddress: '127.0.0.1',
    },
    isGone: false,
    listener: undefined,
    readBody: (_limit, done) => done({ type: 'complete', body: BODY }),
    begin: () => undefined,
    write: () => true,
    end: onEnd,
    destroy: onEnd,
    closeAfterwards: () => undefined,
  };
}

/** Spans are made, written out and thrown away: nobody listens there. */
const nowhere = { otlpUrl: 'http://127.0.0.1:1', serviceName: 'bench', version: '0' };
const unsampled = await openTracing({ ...nowhere, sampleShare: 0 });
const sampled = await openTracing({ ...nowhere, sampleShare: 1 });
const contenders = {
  ...(options.before !== undefined && { before: await gatewayOf(options.before) }),
  off: await gatewayOf(HERE),
  'on, none sampled': await gatewayOf(HERE, createRequestTracing(unsampled.spans, CLOCK)),
  'on, all sampled': await gatewayOf(HERE, createRequestTracing(sampled.spans, CLOCK)),
};

const micros = new Map<string, number[]>(Object.keys(contenders).map((name) => [name, []]));
for (let round = -5; round < Number(options.rounds); round += 1) {
  // Whoever is first in one round is last in the next.
  const order = Object.entries(contenders);
  for (const [name, send] of round % 2 === 0 ? order : order.reverse()) {
    const before = process.cpuUsage();
    for (let n = 0; n < REQUESTS; n += 1) await send();
    const { user, system } = process.cpuUsage(before);
    if (round >= 0) micros.get(name)!.push((user + system) / REQUESTS);
  }
}
const off = median(micros.get('off')!);
console.table(
  Object.fromEntries(
    [...micros].map(([name, each]) => [
      name,
      { 'CPU µs a request': round(median(each)), 'of off': round(median(each) / off) },
    ]),
  ),
);
await Promise.all([unsampled.close(), sampled.close()]);
process.exit();

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
