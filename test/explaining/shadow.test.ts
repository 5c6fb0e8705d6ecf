/** A second profile or policy in the shadow of a house at work. */

import { describe, expect, it } from 'vitest';
import { ANSWER } from '../bad-input/support/engine.ts';
import { eventually } from '../bad-input/support/eventually.ts';
import { type House, openHouses } from '../bad-input/support/house.ts';
import type { Script } from '../gateway/support/upstream.ts';

const start = openHouses();

interface Counts {
  readonly decisions: number;
  readonly disagreements: number;
}
interface Shadow {
  readonly profile?: string;
  readonly policy?: string;
  readonly where?: Counts & { readonly predictedTtftMs?: { readonly samples: number } };
  readonly when?: Counts;
  readonly disagreements: readonly { readonly about: string; readonly requestId: string }[];
}

async function ask(house: House, method: string, body?: object) {
  const response = await fetch(`${house.app.controlUrl}/admin/shadow`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const said = (await response.json()) as {
    shadow: Shadow | null;
    error?: { message: string; param: string };
  };
  return { status: response.status, ...said };
}

const shadowOf = async (house: House) =>
  (await house.admin<{ shadow: Shadow | null }>('/admin/shadow')).shadow;

async function send(house: House, count: number): Promise<void> {
  for (let i = 0; i < count; i++) expect((await house.chat()).status).toBe(200);
}

describe('a profile in the shadow', () => {
  it('is compared on the same traffic, with what it would have changed, and changes nothing', async () => {
    const house = await start([ANSWER, ANSWER], { config: { routing: 'round-robin' } });
    expect(await ask(house, 'POST', { routing: 'random' })).toMatchObject({
      status: 200,
      shadow: { profile: 'random', against: null },
    });
    await send(house, 40);
    expect(house.engines.map(({ calls }) => calls.length)).toEqual([20, 20]);
    const { where, disagreements } = (await shadowOf(house))!;
    expect(where!.decisions).toBe(40);
    expect(where!.disagreements).toBeGreaterThan(2);
    expect(where!.disagreements).toBeLessThan(38);
    expect(where!.predictedTtftMs?.samples).toBe(where!.disagreements);
    expect(disagreements).toHaveLength(Math.min(20, where!.disagreements));
    const metrics = await house.metrics();
    expect(metrics).toContain(
      `signalbox_shadow_decisions_total{model="m",about="where",agrees="false"} ${where!.disagreements}\n`,
    );
    expect(metrics).toContain('signalbox_shadow_info{profile="random",policy=""} 1\n');
  });

  it('can be written out as in the configuration', async () => {
    const house = await start([ANSWER, ANSWER]);
    const routing = { filters: ['health'], scorers: [{ name: 'load', weight: 2 }], picker: 'best' };
    expect((await ask(house, 'POST', { routing })).status).toBe(200);
    await send(house, 3);
    expect((await shadowOf(house))?.where?.decisions).toBe(3);
  });

  it('has what the real one has: predictor, prefix index, sessions', async () => {
    const house = await start([ANSWER, ANSWER]);
    const routing = {
      scorers: [{ name: 'latency' }, { name: 'prefix' }, { name: 'session' }],
      picker: 'best',
    };
    expect(await ask(house, 'POST', { routing })).toMatchObject({ status: 200 });
    await send(house, 5);
    const shadow = await shadowOf(house);
    expect(shadow).not.toHaveProperty('failure');
    expect(shadow?.where?.decisions).toBe(5);
  });

  it('goes on when the configuration is loaded anew', async () => {
    const house = await start([ANSWER, ANSWER]);
    await ask(house, 'POST', { routing: 'random' });
    await send(house, 2);
    await house.app.apply(house.app.config);
    await send(house, 2);
    expect((await shadowOf(house))?.where?.decisions).toBe(4);
  });
});

describe('a policy in the shadow', () => {
  /** Answers when it is told to. */
  function gate(): { readonly script: Script; open(): void } {
    const held: (() => void)[] = [];
    let isOpen = false;
    return {
      script(response, call) {
        if (isOpen) ANSWER(response, call);
        else held.push(() => ANSWER(response, call));
      },
      open() {
        isOpen = true;
        for (const answer of held.splice(0)) answer();
      },
    };
  }

  it('is compared by whom it would have sent first', async () => {
    const { script, open } = gate();
    const house = await start([script], { instance: { maxConcurrency: 1 } });
    // A class that weighs nothing leaves the order of arrival.
    const inOrder = { name: 'priority', parameters: { agingMs: 0 } };
    expect(await ask(house, 'POST', { policy: inOrder })).toMatchObject({ status: 200 });
    const waiting = async (count: number) =>
      eventually(async () => {
        const queue = await house.admin<{ waitingRequests: number }>('/admin/queue');
        expect(queue.waitingRequests).toBe(count);
      });
    const call = (id: string, priority: string) =>
      house.chat({}, { headers: { 'x-request-id': id, 'x-signalbox-priority': priority } });
    const running = call('running', 'NORMAL');
    await eventually(() => expect(house.engine.calls).toHaveLength(1));
    const low = call('low', 'LOW');
    await waiting(1);
    const high = call('high', 'HIGH');
    await waiting(2);
    open();
    await Promise.all([running, low, high]);
    expect(await shadowOf(house)).toMatchObject({
      policy: 'priority',
      against: { policy: 'signalbox' },
      when: { decisions: 3, disagreements: 1, withChoice: 1 },
      disagreements: [
        {
          about: 'when',
          requestId: 'high',
          ours: { requestId: 'high', priority: 'HIGH' },
          shadow: { requestId: 'low', priority: 'LOW' },
        },
      ],
    });
  });
});

describe('whoever asks for a shadow', () => {
  it.each([
    [{ routing: 'rond-robin' }, 'routing', /found "?rond-robin"?.*did you mean .?round-robin/],
    [{ policy: 'fif' }, 'policy', /fif/],
    [{ policy: { name: 'priority', parameters: { agingMs: -1 } } }, 'policy.parameters', /-1/],
    [{ routing: { picker: 'nobody' } }, 'routing.picker', /nobody/],
  ])('is told what is wrong with %j', async (body, param, message) => {
    const house = await start([ANSWER]);
    const { status, error } = await ask(house, 'POST', body);
    expect({ status, param: error?.param }).toEqual({ status: 400, param });
    expect(error?.message).toMatch(message);
    expect(await shadowOf(house)).toBeNull();
  });

  it('ends it, and gets what it had found', async () => {
    const house = await start([ANSWER]);
    await ask(house, 'POST', { routing: 'random' });
    await send(house, 1);
    expect(await ask(house, 'DELETE')).toMatchObject({ status: 200, shadow: { where: { decisions: 1 } } });
    expect((await house.metrics()).match(/^signalbox_shadow/gm)).toBeNull();
    expect((await ask(house, 'DELETE')).status).toBe(404);
  });
});
