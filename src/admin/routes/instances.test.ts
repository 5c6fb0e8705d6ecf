import type { z } from '@hono/zod-openapi';
import { describe, expect, it } from 'vitest';
import { controlRooms, failure } from '../__fixtures__/control-room.ts';
import type { Instance, InstanceList, Queue } from '../schemas.ts';

const open = controlRooms();
const POST = { method: 'POST' };

describe('/admin/instances', () => {
  it('shows each instance with its load and what its engine said', async () => {
    const room = await open({ fleetDescription: '1 engine' });
    room.addInstance({ id: 'gpu-1', engine: 'vllm', gpuType: 'H100', usdPerHour: 2.5, maxConcurrency: 4 });
    room.submit({ id: 'r1', promptTokens: 100 });
    const report = { instanceId: 'gpu-1', atMs: room.clock.now(), waitingRequests: 1, kvCacheUsage: 0.5 };
    room.scheduler.tellFleet({ type: 'instance-reported', report });
    room.clock.advance(250);
    const { fleet, instances } = (await room.call('/admin/instances')).json<z.infer<typeof InstanceList>>();
    expect(fleet).toBe('1 engine');
    expect(instances).toHaveLength(1);
    expect(instances[0]).toMatchObject({
      id: 'gpu-1',
      engine: 'vllm',
      gpuType: 'H100',
      state: 'ready',
      inFlightRequests: 1,
      maxConcurrency: 4,
      pendingPrefillTokens: 100,
      maxPrefillTokens: null,
      report: { atMs: report.atMs, ageMs: 250, isStale: false, waitingRequests: 1, kvCacheUsage: 0.5 },
      lastErrors: [],
    });
  });

  it('shows that a report is stale, and that there is none', async () => {
    const room = await open();
    for (const id of ['told', 'silent']) room.addInstance({ id });
    const report = { instanceId: 'told', atMs: room.clock.now() };
    room.scheduler.tellFleet({ type: 'instance-reported', report });
    room.clock.advance(60_000);
    const { instances } = (await room.call('/admin/instances')).json<z.infer<typeof InstanceList>>();
    expect(instances.map((one) => one.report)).toEqual([
      { atMs: report.atMs, ageMs: 60_000, isStale: true },
      null,
    ]);
  });

  it('shows what went wrong on an instance lately', async () => {
    const room = await open();
    room.addInstance({ id: 'gpu-1' });
    room.telemetry.observer.onRetry('llama', 'gpu-1', 'upstream_timeout');
    const one = (await room.call('/admin/instances/gpu-1')).json<z.infer<typeof Instance>>();
    expect(one.lastErrors).toEqual([
      { atMs: room.clock.now(), code: 'upstream_timeout', model: 'llama', isRetried: true },
    ]);
  });

  it('filters by model or adapter and by state', async () => {
    const room = await open();
    room.addInstance({ id: 'a', models: ['llama'] });
    room.addInstance({ id: 'b', models: ['qwen'], adapters: ['sql'] });
    room.scheduler.tellFleet({ type: 'instance-draining', instanceId: 'a', isDraining: true });
    const ids = async (query: string) =>
      (await room.call(`/admin/instances?${query}`))
        .json<z.infer<typeof InstanceList>>()
        .instances.map(({ id }) => id);
    expect(await ids('model=llama')).toEqual(['a']);
    expect(await ids('model=sql')).toEqual(['b']);
    expect(await ids('state=ready')).toEqual(['b']);
    expect(await ids('state=gone')).toEqual([]);
  });

  it('does not show the password in an address', async () => {
    const room = await open();
    room.addInstance({ id: 'gpu-1', url: 'http://me:hush@gpu-1.test:8000' });
    expect((await room.call('/admin/instances')).text).not.toContain('hush');
  });

  it('drains an instance and takes it back', async () => {
    const room = await open();
    room.addInstance({ id: 'gpu-1' });
    const drained = await room.call('/admin/instances/gpu-1/drain', POST);
    expect([drained.status, drained.json<z.infer<typeof Instance>>().state]).toEqual([200, 'draining']);
    room.submit({ id: 'r1' });
    expect(room.scheduler.queue().waitingRequests).toBe(1);
    const back = await room.call('/admin/instances/gpu-1/undrain', POST);
    expect(back.json<z.infer<typeof Instance>>().state).toBe('ready');
    expect(room.scheduler.queue()).toMatchObject({ waitingRequests: 0, inFlightRequests: 1 });
  });

  it('finds an instance whose id needs escaping', async () => {
    const room = await open();
    room.addInstance({ id: 'rack 1/gpu ü' });
    const path = `/admin/instances/${encodeURIComponent('rack 1/gpu ü')}`;
    expect((await room.call(path)).json<z.infer<typeof Instance>>().id).toBe('rack 1/gpu ü');
    expect((await room.call(`${path}/drain`, POST)).status).toBe(200);
  });

  it('says which instances there are when one is not', async () => {
    const room = await open();
    const ofEmpty = await failure(room, '/admin/instances/gpu-9/drain', POST);
    expect(ofEmpty.message).toBe('There is no instance "gpu-9"; the fleet is empty.');
    room.addInstance({ id: 'gpu-1' });
    expect(await failure(room, '/admin/instances/gpu-9')).toMatchObject({
      status: 404,
      code: 'not_found',
      param: 'id',
      message: 'There is no instance "gpu-9"; there are gpu-1.',
    });
  });
});

describe('/admin/queue', () => {
  it('shows what waits by model and class', async () => {
    const room = await open();
    room.addInstance({ id: 'gpu-1', maxConcurrency: 1 });
    room.submit({ id: 'r1' });
    room.submit({ id: 'r2', priority: 'HIGH', promptTokens: 50 });
    room.clock.advance(500);
    const queue = (await room.call('/admin/queue')).json<z.infer<typeof Queue>>();
    expect(queue).toMatchObject({
      waitingRequests: 1,
      inFlightRequests: 1,
      inFlightByModel: { llama: 1 },
      lanes: [{ model: 'llama', waitingRequests: 1, oldestWaitMs: 500 }],
    });
    expect(queue.lanes[0]?.waitingByPriority).toMatchObject({ HIGH: 1, NORMAL: 0 });
  });
});
