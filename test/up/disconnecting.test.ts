import { describe, expect, it } from 'vitest';
import { parseFault } from '../../src/engines/serving/index.ts';
import { eventually } from '../bad-input/support/eventually.ts';
import { A_TOKEN, readerOf } from './support/answers.ts';
import { type Fleet, occupy, openFleets } from './support/fleet.ts';
import { ofTokens } from './support/requests.ts';

const startFleet = openFleets();

const WAYS = [
  ['a stream', { stream: true }],
  ['a whole answer', { stream: false }],
] as const;

/** So long that none of it ends by itself. */
const ENDLESS = 20_000;

interface Call {
  readonly answer: Promise<Response>;
  leave(): void;
}

function call(fleet: Fleet, fields: object): Call {
  const controller = new AbortController();
  const answer = fleet.chat(ofTokens(ENDLESS, fields), {}, controller.signal);
  answer.catch(() => {});
  return { answer, leave: () => controller.abort() };
}

async function expectCancelled(fleet: Fleet): Promise<void> {
  const cancelled = /^signalbox_requests_total\{[^}]*outcome="cancelled"[^}]*\} 1$/m;
  await eventually(async () => expect(await fleet.metrics()).toMatch(cancelled));
}

/** Whether the only slot is free: somebody else is served. */
async function expectServed(fleet: Fleet): Promise<void> {
  expect((await fleet.chat(ofTokens(1))).status).toBe(200);
}

describe.each(WAYS)('a caller of %s that goes away', (_, fields) => {
  it('while it waits leaves the queue, and no engine hears of it', async () => {
    const fleet = await startFleet({ maxConcurrency: 1 });
    const free = await occupy(fleet, 1);
    const { leave } = call(fleet, fields);
    await eventually(async () => expect(await fleet.waiting()).toBe(1));
    leave();
    await eventually(async () => expect(await fleet.waiting()).toBe(0));
    expect(fleet.inEngines()).toBe(1);
    await expectCancelled(fleet);
    await free();
    await expectServed(fleet);
  });

  it('before the first token frees its slot, and the engine drops the work', async () => {
    const fleet = await startFleet({ maxConcurrency: 1 });
    const { engine } = fleet.engines[0]!;
    engine.slowDown(50);
    const { leave } = call(fleet, fields);
    await eventually(() => expect(fleet.inEngines()).toBe(1));
    leave();
    await eventually(() => expect(fleet.inEngines()).toBe(0));
    await expectCancelled(fleet);
    engine.slowDown(1);
    await expectServed(fleet);
  });

  it('in the middle of the answer frees its slot, and the engine drops the work', async () => {
    const fleet = await startFleet({ maxConcurrency: 1 });
    const { answer, leave } = call(fleet, fields);
    if (fields.stream) await readerOf(await answer).until(A_TOKEN);
    else await eventually(() => expect(fleet.engines[0]!.engine.gauges().runningRequests).toBe(1));
    leave();
    await eventually(() => expect(fleet.inEngines()).toBe(0));
    await expectCancelled(fleet);
    await expectServed(fleet);
  });

  it('while its second try waits for an instance leaves the queue', async () => {
    const fleet = await startFleet({
      engines: 2,
      maxConcurrency: 1,
      config: { retries: { budgetShare: 1 } },
    });
    const free = await occupy(fleet, 1);
    // Which of the two was known first, and so got the first request, is not said.
    const { faults } = fleet.engines.find(({ engine }) => engine.gauges().runningRequests === 0)!;
    faults.add(parseFault('503'));
    const { leave } = call(fleet, fields);
    await eventually(async () => expect(await fleet.waiting()).toBe(1));
    leave();
    await eventually(async () => expect(await fleet.waiting()).toBe(0));
    await expectCancelled(fleet);
    faults.remove('503');
    await expectServed(fleet);
    await free();
  });
});

describe('a hundred callers that go away at once', () => {
  it('free every slot, and those who stay are served', async () => {
    const fleet = await startFleet({ engines: 2, maxConcurrency: 20 });
    const leaving = Array.from({ length: 100 }, (_, index) => call(fleet, { stream: index % 2 === 0 }));
    await eventually(async () => expect(await fleet.waiting()).toBe(60));
    const staying = fleet.chat(ofTokens(1));
    await eventually(async () => expect(await fleet.waiting()).toBe(61));
    for (const { leave } of leaving) leave();
    expect((await staying).status).toBe(200);
    await eventually(() => expect(fleet.inEngines()).toBe(0));
  });
});
