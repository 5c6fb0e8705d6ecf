import { afterEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/domain/index.ts';
import { type FaultKind, faultOf } from '../../src/engines/serving/index.ts';
import { startSimulatedEngine } from '../../src/engines/simulated/index.ts';
import { pause, until } from '../../src/gateway/transport/conformance/until.ts';
import { openSandbox } from './support/sandbox.ts';
import type { TestGateway, TestGatewayInit } from './support/test-gateway.ts';

type Engine = Awaited<ReturnType<typeof startSimulatedEngine>>;

const sandbox = openSandbox();
const engines: Engine[] = [];

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close();
});

/** A gateway in front of so many simulated engines, the first of them with this fault. */
async function aFleet(count: number, fault?: FaultKind, init: TestGatewayInit = {}): Promise<TestGateway> {
  for (let index = 0; index < count; index++) {
    const faults = index === 0 && fault !== undefined ? [faultOf({ kind: fault })] : [];
    engines.push(await startSimulatedEngine({ model: 'm', speed: 50, faults }));
  }
  return sandbox.gateway({ instances: engines.map(({ url }) => url), ...init });
}

const IMPATIENT = { relay: { firstByteTimeoutMs: 500, idleTimeoutMs: 500 } };

describe('in front of simulated engines', () => {
  it('a stream arrives whole, and its tokens are counted as the engine counts them', async () => {
    const gateway = await aFleet(1);
    const response = await gateway.chat({
      stream: true,
      max_tokens: 20,
      stream_options: { include_usage: true },
    });
    const text = await response.text();
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    const frames = text.trimEnd().split('\n\n').slice(0, -1);
    const { usage } = JSON.parse(frames.at(-1)!.slice('data: '.length));
    await until(() => gateway.observer.records.length === 1, 'the call is recorded');
    expect(gateway.observer.record).toMatchObject({
      outcome: 'completed',
      promptTokens: usage.prompt_tokens,
      outputTokens: usage.completion_tokens,
    });
  });

  it('the count of events is close to the count of tokens', async () => {
    const gateway = await aFleet(1);
    await (await gateway.chat({ stream: true, max_tokens: 40, ignore_eos: true })).text();
    const { outputTokens } = gateway.observer.record;
    expect(outputTokens).toBeGreaterThanOrEqual(40);
    expect(outputTokens).toBeLessThanOrEqual(42);
  });

  it.each<FaultKind>(['hang', 'hang-before-headers', '429', '503', 'garbage-sse', 'error-frame', 'redirect'])(
    'the fault %s of one instance is hidden from callers',
    async (fault) => {
      const gateway = await aFleet(2, fault, IMPATIENT);
      for (let count = 0; count < 4; count++) {
        const response = await gateway.chat({ stream: true, max_tokens: 5 });
        expect(response.status).toBe(200);
        expect(await response.text()).toMatch(/^data: \{[\s\S]*data: \[DONE\]\n\n$/);
        expect(response.headers.get('x-signalbox-instance')).toBe('i1');
      }
      expect(gateway.held()).toBe(0);
    },
  );

  it('a reset in the middle of a stream is told', async () => {
    const gateway = await aFleet(1, 'reset');
    const text = await (await gateway.chat({ stream: true, max_tokens: 20 })).text();
    expect(text).toContain('"code":"upstream_disconnected"');
  });

  it('a stream that never ends takes nothing along when its caller has enough', async () => {
    const gateway = await aFleet(1, 'never-ending');
    const response = await gateway.chat({ stream: true, max_tokens: 2 });
    const reader = response.body!.getReader();
    for (let count = 0; count < 10; count++) expect((await reader.read()).done).toBe(false);
    await reader.cancel();
    await until(() => gateway.held() === 0, 'nothing is held');
  });

  it('callers who leave free the engines', async () => {
    const gateway = await aFleet(1, undefined, { relay: { commentIntervalMs: 0 } });
    engines[0]!.engine.slowDown(1000);
    const aborts = Array.from({ length: 8 }, () => new AbortController());
    const calls = aborts.map(({ signal }) => gateway.chat({ stream: true }, { signal }));
    await until(() => engines[0]!.engine.gauges().runningRequests > 0, 'the engine works');
    for (const abort of aborts) abort.abort();
    await Promise.allSettled(calls);
    await until(() => gateway.held() === 0, 'nothing is held');
    const busy = () => engines[0]!.engine.gauges();
    await until(() => busy().runningRequests + busy().waitingRequests === 0, 'the engine is idle');
  });
});

describe('under a mixed load with faults and callers who leave', () => {
  it('every call ends exactly once, and nothing is left', async () => {
    const gateway = await aFleet(3, '503', { relay: { commentIntervalMs: 5, firstByteTimeoutMs: 2000 } });
    const random = seededRandom(7);
    const calls = Array.from({ length: 150 }, async () => {
      await pause(random.next() * 300);
      const signal = random.next() < 0.3 ? AbortSignal.timeout(1 + random.next() * 60) : null;
      const body = { stream: random.next() < 0.7, max_tokens: 1 + Math.floor(random.next() * 30) };
      const response = await gateway.chat(body, { signal });
      const text = await response.text();
      return response.status === 200 && !text.includes('"error"');
    });
    const served = (await Promise.allSettled(calls)).filter(
      (call) => call.status === 'fulfilled' && call.value,
    );
    await until(() => gateway.gateway.activeCalls === 0 && gateway.held() === 0, 'nothing is under way');
    const { records, starts } = gateway.observer;
    expect(records).toHaveLength(starts);
    expect(new Set(records.map(({ requestId }) => requestId)).size).toBe(records.length);
    const completed = records.filter(({ outcome }) => outcome === 'completed').length;
    expect(served.length).toBeGreaterThan(0);
    expect(completed).toBeGreaterThanOrEqual(served.length);
    const { arrived, completed: done, failed, cancelled, rejected } = gateway.scheduler.counters();
    const turnedAway = Object.values(rejected).reduce((sum, count) => sum + count, 0);
    expect(done + failed + cancelled + turnedAway).toBe(arrived);
  });
});
