import type { z } from '@hono/zod-openapi';
import { describe, expect, it } from 'vitest';
import { aDecision, aRecord } from '../../telemetry/__fixtures__/builders.ts';
import { type ControlRoom, controlRooms, failure } from '../__fixtures__/control-room.ts';
import type { Decision, DecisionList } from '../schemas.ts';

const open = controlRooms();

describe('/admin/decisions', () => {
  const list = async (room: ControlRoom, query = '') =>
    (await room.call(`/admin/decisions${query}`)).json<z.infer<typeof DecisionList>>().decisions;

  it('lists the newest first, with how each request ended', async () => {
    const room = await open();
    room.addInstance({ id: 'gpu-1' });
    for (const id of ['r1', 'r2']) room.submit({ id });
    room.telemetry.observer.onRequestEnd(aRecord({ requestId: 'r1', ttftMs: 80 }));
    const decisions = await list(room);
    expect(decisions.map(({ requestId }) => requestId)).toEqual(['r2', 'r1']);
    expect(decisions[0]?.outcome).toBeNull();
    expect(decisions[1]?.outcome).toMatchObject({ outcome: 'completed', status: 200, ttftMs: 80 });
  });

  it('lists only what is asked for', async () => {
    const room = await open();
    room.addInstance({ id: 'a', models: ['llama'] });
    room.addInstance({ id: 'b', models: ['qwen'] });
    room.submit({ id: 'r1', model: 'llama' });
    room.submit({ id: 'r2', model: 'qwen' });
    room.submit({ id: 'r3', model: 'llama' });
    const requests = async (query: string) => (await list(room, query)).map(({ requestId }) => requestId);
    expect(await requests('?limit=1')).toEqual(['r3']);
    expect(await requests('?model=llama')).toEqual(['r3', 'r1']);
    expect(await requests('?instance=b')).toEqual(['r2']);
    expect(await requests('?request=r1')).toEqual(['r1']);
    expect(await requests('?model=llama&instance=b')).toEqual([]);
  });

  it('explains one in full, by its id and by its request', async () => {
    const room = await open();
    room.addInstance({ id: 'gpu-1' });
    room.addInstance({ id: 'gpu-2', models: ['qwen'] });
    room.submit({ id: 'r1' });
    const byRequest = (await room.call('/admin/decisions/r1')).json<z.infer<typeof Decision>>();
    const byId = (await room.call(`/admin/decisions/${encodeURIComponent(byRequest.id)}`)).json();
    expect(byId).toEqual(byRequest);
    expect(byRequest).toMatchObject({ requestId: 'r1', instanceId: 'gpu-1', outcome: null, policy: 'fifo' });
    expect(byRequest.candidates[0]?.instanceId).toBe('gpu-1');
    expect(byRequest.explanation).toContain('Request r1 for llama waited 0 ms and was sent to gpu-1');
    expect(byRequest.explanation).toContain(byRequest.reason);
  });

  it('sets what was predicted beside what then happened', async () => {
    const room = await open();
    const predictedTtftMs = { mean: 100, standardDeviation: 20, p80: 120 };
    const decision = aDecision({ predictedTtftMs });
    room.telemetry.onDecision(decision, 1);
    room.telemetry.observer.onRequestEnd(aRecord({ ttftMs: 130 }));
    const figures = { predictedTtftMs, actualTtftMs: 130, ttftErrorMs: 30 };
    expect((await list(room))[0]).toMatchObject(figures);
    const one = (await room.call(`/admin/decisions/${decision.id}`)).json<z.infer<typeof Decision>>();
    expect(one).toMatchObject(figures);
    expect(one.explanation).toContain('It came 130 ms after the dispatch, 30 ms later.');
  });

  it.each([
    ['limit=abc', 'limit', 'limit: found "abc", allowed is a whole number from 1 to 1000.'],
    ['limit=0', 'limit', 'limit: found "0", allowed is a whole number from 1 to 1000.'],
    ['limit=1001', 'limit', 'limit: found "1001", allowed is a whole number from 1 to 1000.'],
    ['limit=1.5', 'limit', 'limit: found "1.5", allowed is a whole number from 1 to 1000.'],
    ['limit=1&limit=2', 'limit', 'limit: found ["1","2"], allowed is a whole number from 1 to 1000.'],
    ['limit=', 'limit', 'limit: found "", allowed is a whole number from 1 to 1000.'],
    ['model=', 'model', 'model: found "", allowed is a text of 1 to 256 characters.'],
    ['limt=3', 'limt', 'limt: unknown, allowed is one of limit, model, instance, request.'],
  ])('refuses ?%s', async (query, param, message) => {
    const room = await open();
    expect(await failure(room, `/admin/decisions?${query}`)).toMatchObject({ status: 400, param, message });
  });

  it('refuses an id that is too long, and one that it does not know', async () => {
    const room = await open();
    const tooLong = await failure(room, `/admin/decisions/${'x'.repeat(300)}`);
    expect(tooLong).toMatchObject({ status: 400, code: 'invalid_value', param: 'id' });
    expect(tooLong.message).toContain('allowed is a text of 1 to 256 characters');
    expect(await failure(room, '/admin/decisions/nobody')).toMatchObject({
      status: 404,
      code: 'not_found',
      message: 'No decision or request "nobody" is remembered; only the last decisions are kept.',
    });
  });
});
