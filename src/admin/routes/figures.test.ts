import { describe, expect, it } from 'vitest';
import { anInstance, aRequest } from '../../../test/builders.ts';
import { ManualClock } from '../../domain/index.ts';
import { MetricsCollector } from '../../telemetry/index.ts';
import { controlRooms, failure } from '../__fixtures__/control-room.ts';

const open = controlRooms();

/** A collector that heard of requests of these tenants, each of which took 100 ms and had wanted 50 or 200. */
function heardOf(...tenants: string[]): MetricsCollector {
  const collector = new MetricsCollector({ clock: new ManualClock(0), cacheMs: 0 });
  const instance = anInstance('gpu-1');
  collector.onInstanceRegistered(instance);
  for (const tenant of tenants) {
    const request = aRequest({ tenant, arrivalMs: 0, deadlineMs: tenant === 'late' ? 50 : 200 });
    collector.onRequestDispatched(request, instance, 0);
    collector.onRequestCompleted(request, { latencyMs: 100, queueMs: 10 }, instance, 0);
  }
  return collector;
}

describe('/admin/figures', () => {
  it('has what policies read, by instance, class, model and tenant', async () => {
    const room = await open({ figures: heardOf('early', 'late') });
    const answer = await room.call('/admin/figures');
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({
      all: { totalRequests: 2, avgLatencyMs: 100, sloCompliance: 0.5 },
      scheduling: { loadBalanceCoefficient: 1, sloComplianceByPriority: { NORMAL: 0.5, HIGH: 1 } },
      instances: [{ instanceId: 'gpu-1', avgLatencyMs: 90, activeRequests: 0 }],
      priorities: { NORMAL: { totalRequests: 2 }, HIGH: { totalRequests: 0 } },
      tenants: { early: { sloCompliance: 1 }, late: { sloCompliance: 0 } },
    });
  });

  it('lists the tenants that were heard of last, the latest first', async () => {
    const room = await open({ figures: heardOf('a', 'b', 'c', 'a') });
    const tenants = async (path: string) => Object.keys((await room.call(path)).json<Listed>().tenants);
    expect(await tenants('/admin/figures')).toEqual(['a', 'c', 'b']);
    expect(await tenants('/admin/figures?limit=2')).toEqual(['a', 'c']);
    expect(await failure(room, '/admin/figures?limit=0')).toMatchObject({ status: 400, param: 'limit' });
  });

  it('says so where nobody collects them', async () => {
    expect(await failure(await open(), '/admin/figures')).toMatchObject({ status: 404, code: 'not_found' });
  });
});

interface Listed {
  readonly tenants: Readonly<Record<string, unknown>>;
}
