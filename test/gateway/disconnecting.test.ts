import { describe, expect, it } from 'vitest';
import { until } from '../../src/gateway/transport/conformance/until.ts';
import { callRaw, rawChat } from './support/raw.ts';
import { openSandbox } from './support/sandbox.ts';
import type { TestGateway } from './support/test-gateway.ts';
import { openStream, type Script, token, type Upstream } from './support/upstream.ts';

const sandbox = openSandbox();

const NEVER: Script = () => {};
const WITHIN_MS = 100;

/** Engines that leave a call open at some point of its answer. */
const WINDOWS: readonly [string, boolean, Script][] = [
  ['before the answer of a whole call', false, NEVER],
  ['before the first token of a stream', true, NEVER],
  ['after the headers of a stream', true, openStream([': ping\n\n'])],
  ['in the middle of a stream', true, openStream([token('a')])],
  ['in the middle of a whole answer', false, (response) => response.writeHead(200).write('{"id":')],
];

/** Ways of going away. */
const LEAVINGS: readonly [string, (socket: import('node:net').Socket) => void][] = [
  ['closes', (socket) => socket.destroy()],
  ['resets', (socket) => socket.resetAndDestroy()],
  ['ends', (socket) => socket.end()],
];

async function untilLetGo(upstream: Upstream, sinceMs: number): Promise<void> {
  await until(() => upstream.calls[0]!.abortedAtMs !== undefined, 'the engine is let go of');
  expect(upstream.calls[0]!.abortedAtMs! - sinceMs).toBeLessThan(WITHIN_MS);
}

async function expectNothingLeft(gateway: TestGateway): Promise<void> {
  await until(() => gateway.gateway.activeCalls === 0 && gateway.held() === 0, 'nothing is under way');
}

describe.each(WINDOWS)('a caller who goes away %s', (_, streams, script) => {
  it.each(LEAVINGS)('(%s) takes the engine’s work along within 100 ms', async (_how, leave) => {
    const [gateway, upstream] = await sandbox.pair(script);
    const caller = await callRaw(gateway.port, rawChat({ stream: streams }));
    await until(() => upstream.calls.length === 1, 'the engine has the call');
    if (script !== NEVER) await until(() => gateway.held() === 1, 'the answer is under way');
    const leftAtMs = performance.now();
    leave(caller.socket);
    await untilLetGo(upstream, leftAtMs);
    await expectNothingLeft(gateway);
    expect(gateway.observer.record).toMatchObject({
      outcome: 'cancelled',
      status: 499,
      errorCode: 'client_closed_request',
    });
    expect(gateway.scheduler.counters()).toMatchObject({ cancelled: 1, failed: 0 });
  });
});

describe.each([
  ['a stream', true],
  ['a whole call', false],
])('a caller of %s who goes away in the queue', (_, streams) => {
  it('is forgotten, and never reaches an engine', async () => {
    const upstream = await sandbox.upstream(NEVER);
    const gateway = await sandbox.gateway({ instances: [{ url: upstream.url, maxConcurrency: 1 }] });
    const first = await callRaw(gateway.port, rawChat());
    await until(() => upstream.calls.length === 1, 'the engine has the first call');
    const second = await callRaw(gateway.port, rawChat({ stream: streams }));
    await until(() => gateway.held() === 2, 'the second call waits');
    second.socket.destroy();
    await until(() => gateway.held() === 1, 'the second call is forgotten');
    expect(gateway.observer.record).toMatchObject({ outcome: 'cancelled', attempts: 0 });
    first.socket.destroy();
    await expectNothingLeft(gateway);
    expect(upstream.calls).toHaveLength(1);
  });

  it('is forgotten also after comments', async () => {
    const gateway = await sandbox.gateway({
      instances: [{ url: (await sandbox.upstream(NEVER)).url, maxConcurrency: 1 }],
      relay: { commentIntervalMs: 20 },
    });
    const callers = [
      await callRaw(gateway.port, rawChat({ stream: streams })),
      await callRaw(gateway.port, rawChat({ stream: true })),
    ];
    await until(() => callers[1]!.received().includes(': queued position=1'), 'a comment came');
    for (const { socket } of callers) socket.destroy();
    await expectNothingLeft(gateway);
  });
});

describe('a caller who goes away', () => {
  it('while it still sends its body leaves nothing behind', async () => {
    const [gateway] = await sandbox.pair(NEVER);
    const caller = await callRaw(gateway.port, rawChat().slice(0, -5));
    await until(() => gateway.scheduler.counters().arrived === 0, 'nothing was scheduled');
    caller.socket.destroy();
    await expectNothingLeft(gateway);
    expect(gateway.observer.starts).toBe(0);
  });

  it('takes along the calls that it sent ahead on the same connection', async () => {
    const [gateway, upstream] = await sandbox.pair(NEVER);
    const caller = await callRaw(gateway.port, rawChat() + rawChat({ stream: true }));
    await until(() => upstream.calls.length === 2, 'the engine has both calls');
    caller.socket.destroy();
    await until(() => upstream.calls.every((call) => call.abortedAtMs !== undefined), 'both are let go of');
    await expectNothingLeft(gateway);
    expect(gateway.observer.records.map(({ outcome }) => outcome)).toEqual(['cancelled', 'cancelled']);
  });

  it('while a retry waits for another instance is forgotten', async () => {
    const [gateway, upstream] = await sandbox.pair((response) =>
      response.writeHead(429, { 'retry-after': '60' }).end(),
    );
    const caller = await callRaw(gateway.port, rawChat());
    await until(() => gateway.scheduler.counters().pushedBack === 1, 'the call was pushed back');
    caller.socket.destroy();
    await expectNothingLeft(gateway);
    expect(upstream.calls).toHaveLength(1);
  });

  it('leaves no connection, slot or call behind, however often it happens', async () => {
    const [gateway, upstream] = await sandbox.pair(openStream([token('a')]));
    for (let round = 0; round < 40; round++) {
      const caller = await callRaw(gateway.port, rawChat({ stream: round % 2 === 0 }));
      if (round % 4 !== 3) await until(() => caller.received().includes('data:'), 'the answer has begun');
      caller.socket.destroy();
    }
    await expectNothingLeft(gateway);
    await until(() => upstream.openSockets === 0, 'every connection to the engine is closed');
    expect(gateway.scheduler.queue()).toMatchObject({ waitingRequests: 0, inFlightRequests: 0 });
    upstream.script = openStream([token('still here')]);
    const caller = await callRaw(gateway.port, rawChat({ stream: true }));
    await until(() => caller.received().includes('still here'), 'the gateway serves as before');
    caller.socket.destroy();
  });
});
