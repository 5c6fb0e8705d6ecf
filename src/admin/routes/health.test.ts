import { describe, expect, it } from 'vitest';
import { readMetricsPage } from '../../telemetry/__fixtures__/metrics-page.ts';
import { controlRooms, failure } from '../__fixtures__/control-room.ts';

const open = controlRooms();
const POST = { method: 'POST' };

describe('/health and /ready', () => {
  it('says that the process lives, whatever the fleet does', async () => {
    const room = await open();
    const answer = await room.call('/health');
    expect([answer.status, answer.json()]).toEqual([
      200,
      { status: 'healthy', service: 'scheduler', version: '1.2.3' },
    ]);
  });

  it('is ready with the first ready instance', async () => {
    const room = await open();
    expect(await failure(room, '/ready')).toMatchObject({ status: 503, code: 'no_instance_available' });
    room.addInstance({ id: 'gpu-1' });
    const answer = await room.call('/ready');
    expect([answer.status, answer.json()]).toEqual([200, { isReady: true, readyInstances: 1, instances: 1 }]);
  });

  it('names the states of a fleet of which nothing is ready', async () => {
    const room = await open();
    room.addInstance({ id: 'gpu-1' });
    await room.call('/admin/instances/gpu-1/drain', POST);
    expect((await failure(room, '/ready')).message).toBe('None of 1 instances is ready (draining).');
  });

  it('is not ready while shutting down', async () => {
    const room = await open({ isAccepting: () => false });
    room.addInstance({ id: 'gpu-1' });
    expect(await failure(room, '/ready')).toMatchObject({ status: 503, code: 'shutting_down' });
  });
});

describe('/metrics', () => {
  it('is the page that Prometheus reads', async () => {
    const room = await open();
    room.addInstance({ id: 'gpu-1' });
    room.submit({ id: 'r1' });
    const answer = await room.call('/metrics');
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const page = readMetricsPage(answer.text);
    expect(page.value('signalbox_decisions_total', { model: 'llama', instance_id: 'gpu-1' })).toBe(1);
    expect(page.value('signalbox_requests_running', { model: 'llama' })).toBe(1);
  });
});
