import type { z } from '@hono/zod-openapi';
import { describe, expect, it } from 'vitest';
import { keyedPolicy } from '../../queueing/index.ts';
import { type ControlRoom, controlRooms, failure } from '../__fixtures__/control-room.ts';
import { createAdminApp } from '../app.ts';
import type { ShadowBody } from './shadow-schemas.ts';

const open = controlRooms();

type Shadow = NonNullable<z.infer<typeof ShadowBody>['shadow']>;

const post = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});
const shadowOf = async (room: ControlRoom, query = '', init: RequestInit = {}) =>
  (await room.call(`/admin/shadow${query}`, init)).json<{ shadow: Shadow | null }>().shadow;

/** Two instances, of which least-loaded sends to the idle one and round-robin to the one that had none for longest. */
async function roomWithTwo(): Promise<ControlRoom> {
  const room = await open();
  room.addInstance({ id: 'a', weight: 4 });
  room.addInstance({ id: 'b', weight: 4 });
  return room;
}

describe('/admin/shadow', () => {
  it('has nothing to show at first', async () => {
    expect(await shadowOf(await open())).toBeNull();
  });

  it('shows what has begun to run in the shadow', async () => {
    const room = await open();
    const begun = await shadowOf(room, '', post({ routing: 'round-robin', policy: 'fifo' }));
    expect(begun).toEqual({
      profile: 'round-robin',
      policy: 'fifo',
      against: null,
      sinceMs: room.clock.now(),
      where: expect.objectContaining({ decisions: 0, disagreementShare: 0 }),
      when: expect.objectContaining({ decisions: 0, disagreementShare: 0 }),
      models: [],
      disagreements: [],
    });
    expect(await shadowOf(room)).toEqual(begun);
  });

  it('shows how often it disagrees, and the last times with both reasons', async () => {
    const room = await roomWithTwo();
    await shadowOf(room, '', post({ routing: 'round-robin' }));
    const tickets = ['r1', 'r2', 'r3'].map((id) => room.submit({ id }));
    tickets[0]!.complete();
    tickets[2]!.complete();
    room.submit({ id: 'r4' });
    room.submit({ id: 'r5' });
    const shadow = (await shadowOf(room))!;
    expect(shadow).toMatchObject({
      profile: 'round-robin',
      against: { profile: 'least-loaded', policy: 'fifo' },
    });
    expect(shadow.where?.decisions).toBe(5);
    expect(shadow.where!.disagreements).toBeGreaterThan(0);
    expect(shadow.models).toMatchObject([{ model: 'llama', where: shadow.where }]);
    expect(shadow.disagreements).toHaveLength(shadow.where!.disagreements);
    for (const one of shadow.disagreements) {
      if (one.about !== 'where' || one.shadow === null) throw new Error('expected two choices');
      expect(one.ours.reason).toMatch(/^best of 2 that passed/);
      expect(one.shadow.reason).toMatch(/^round-robin of 2 that passed/);
      const ids = [one.ours, one.shadow].map(({ instanceId }) => instanceId);
      expect(ids.toSorted()).toEqual(['a', 'b']);
      expect(one.ours.candidates.map(({ instanceId }) => instanceId)).toEqual(ids);
      expect(one.shadow.candidates.map(({ instanceId }) => instanceId)).toEqual(ids.toReversed());
      expect(room.telemetry.decisions.get(one.decisionId)?.decision.instanceId).toBe(one.ours.instanceId);
    }
  });

  it('shows who else would have gone first', async () => {
    const room = await open();
    room.addInstance({ id: 'a', maxConcurrency: 1 });
    const longest = keyedPolicy('longest', ({ promptTokens }) => -promptTokens);
    room.scheduler.setShadow({ policy: longest, random: { next: () => 0 } });
    const running = room.submit({ id: 'running' });
    room.submit({ id: 'short', promptTokens: 5, tenant: 't' });
    room.clock.advance(20);
    room.submit({ id: 'long', promptTokens: 50, deadlineMs: room.clock.now() + 9_000 });
    room.clock.advance(10);
    running.complete();
    expect(await shadowOf(room)).toMatchObject({
      policy: 'longest',
      when: { decisions: 2, disagreements: 1, withChoice: 1, waitedMs: { mean: -20, lowerShare: 1 } },
      disagreements: [
        {
          about: 'when',
          requestId: 'short',
          ours: { requestId: 'short', waitedMs: 30, tenant: 't' },
          shadow: { requestId: 'long', waitedMs: 10, priority: 'NORMAL' },
        },
      ],
    });
  });

  it('shows as many disagreements as are asked for', async () => {
    const room = await roomWithTwo();
    await shadowOf(room, '', post({ routing: 'random' }));
    for (let i = 0; i < 100; i++) room.submit({ id: `r${i}` }).complete();
    expect((await shadowOf(room))!.disagreements).toHaveLength(20);
    expect((await shadowOf(room, '?limit=3'))!.disagreements).toHaveLength(3);
    const refused = await failure(room, '/admin/shadow?limit=101');
    expect(refused.message).toBe('limit: found "101", allowed is a whole number from 1 to 100.');
  });

  it('ends it with what it had found', async () => {
    const room = await roomWithTwo();
    await shadowOf(room, '', post({ routing: 'round-robin' }));
    room.submit({ id: 'r1' });
    expect(await shadowOf(room, '', { method: 'DELETE' })).toMatchObject({ where: { decisions: 1 } });
    expect(await shadowOf(room)).toBeNull();
    expect(await failure(room, '/admin/shadow', { method: 'DELETE' })).toMatchObject({
      status: 404,
      message: 'Nothing runs in the shadow.',
    });
  });

  it('begins anew when something else is put there', async () => {
    const room = await roomWithTwo();
    await shadowOf(room, '', post({ routing: 'round-robin' }));
    room.submit({ id: 'r1' });
    const next = await shadowOf(room, '', post({ policy: 'fifo' }));
    expect(next).toMatchObject({ policy: 'fifo', when: { decisions: 0 } });
    expect(next).not.toHaveProperty('where');
  });

  const wish = 'an object with routing, policy or both';
  it.each([
    ['nothing', {}, `the request: found {}, allowed is ${wish}.`],
    ['no object', 7, `the request: found 7, allowed is ${wish}.`],
    ['another field', { profile: 'x' }, `profile: unknown, allowed is ${wish}.`],
    [
      'a number',
      { routing: 3 },
      'routing: found 3, allowed is the name of a routing profile, or an object as in the configuration.',
    ],
    [
      'an empty name',
      { policy: '' },
      'policy: found "", allowed is the name of a policy, or an object as in the configuration.',
    ],
  ])('refuses %s', async (_what, body, message) => {
    const room = await open();
    expect(await failure(room, '/admin/shadow', post(body))).toMatchObject({ status: 400, message });
    expect(await shadowOf(room)).toBeNull();
  });

  it('refuses what is no JSON, and a body that is too large', async () => {
    const room = await open();
    const refused = async (body: string) =>
      (await failure(room, '/admin/shadow', { ...post({}), body })).code;
    expect(await refused('{')).toBe('invalid_json');
    expect(await refused(JSON.stringify({ routing: 'x'.repeat(70_000) }))).toBe('request_too_large');
  });

  it('is for those with the token', async () => {
    const room = await open({ token: 'hush-hush' });
    expect(await failure(room, '/admin/shadow', post({ routing: 'random' }))).toMatchObject({ status: 401 });
    expect(room.scheduler.shadow()).toBeUndefined();
  });

  it('says so where nothing can be put there', async () => {
    const room = await open();
    const { shadow: _, ...without } = room.options;
    const app = createAdminApp(without);
    const answer = await app.request('/admin/shadow', {
      ...post({ routing: 'random' }),
      headers: { 'content-type': 'application/json', host: 'localhost' },
    });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ error: { message: 'Nothing can run in the shadow here.' } });
  });
});
