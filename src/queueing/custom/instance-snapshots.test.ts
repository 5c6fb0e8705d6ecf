import { describe, expect, it } from 'vitest';
import { anInstance, aRequest, aView } from '../../../test/builders.ts';
import { InstanceFigures } from './instance-figures.ts';
import { InstanceSnapshots } from './instance-snapshots.ts';
import { policyInstance } from './policy-instance.ts';

type Mutable<Value> = { -readonly [Key in keyof Value]: Value[Key] };

const complete = (figures: InstanceFigures, latencyMs: number, outputTokens?: number) =>
  figures.onRequestCompleted(
    aRequest(),
    { latencyMs, queueMs: 0, ...(outputTokens !== undefined && { outputTokens }) },
    anInstance('a'),
  );

describe('snapshots of instances', () => {
  it('are the same again while nothing has changed', () => {
    const snapshots = new InstanceSnapshots(new InstanceFigures());
    const views = [aView('a'), aView('b')];
    const before = snapshots.of(views, 0);
    expect(Object.isFrozen(before)).toBe(true);
    expect(snapshots.of(views, 1_000)).toBe(before);
  });

  it.each([
    ['requests in flight', { inFlightRequests: 1 }],
    ['prompts to be computed', { pendingPrefillTokens: 1 }],
    ['its window', { windowRequests: 1 }],
    ['its state', { state: 'draining' as const }],
    ['its report', { report: { instanceId: 'a', atMs: 1 } }],
    ['its rest', { restingUntilMs: 9 }],
    ['its facts', { instance: anInstance('a', { gpuCount: 2 }) }],
  ])('are made anew, of that instance alone, when %s changed', (_, fields) => {
    const snapshots = new InstanceSnapshots(new InstanceFigures());
    const views: Mutable<ReturnType<typeof aView>>[] = [aView('a'), aView('b')];
    const before = snapshots.of(views, 0);
    Object.assign(views[0]!, fields);
    const after = snapshots.of(views, 0);
    expect(after[0]).not.toBe(before[0]);
    expect(after[1]).toBe(before[1]);
  });

  it('are made anew when a completion changed its figures', () => {
    const figures = new InstanceFigures();
    const snapshots = new InstanceSnapshots(figures);
    const views = [aView('a')];
    const before = snapshots.of(views, 0);
    complete(figures, 200);
    expect(snapshots.of(views, 0)[0]).not.toBe(before[0]);
    expect(snapshots.of(views, 0)[0]?.avgLatencyMs).toBe(200);
  });
});

describe('an instance for policies', () => {
  it('has its topology by name', () => {
    const labels = {
      machine: 'm1',
      rack: 'r1',
      zone: 'z1',
      numa_node: '0',
      gpu_bus_id: '0000:1b',
      nvlink_peers: 'b, c',
    };
    const instance = policyInstance(aView('a', { instance: { labels } }), new InstanceFigures().of('a'), 0);
    expect(instance).toMatchObject({
      machine: 'm1',
      rack: 'r1',
      zone: 'z1',
      numaNode: '0',
      gpuBusId: '0000:1b',
      nvlinkPeers: ['b', 'c'],
    });
  });

  it('has what its engine reported, and nothing where it did not', () => {
    const report = { instanceId: 'a', atMs: 0, waitingRequests: 3, kvCacheUsage: 0.5 };
    const instance = policyInstance(aView('a', { report }), new InstanceFigures().of('a'), 0);
    expect(instance).toMatchObject({ waitingRequests: 3, kvCacheUsage: 0.5 });
    expect(instance).not.toHaveProperty('runningRequests');
  });

  it('has load as a share of its window', () => {
    const view = aView('a', { inFlightRequests: 3, windowRequests: 4 });
    expect(policyInstance(view, new InstanceFigures().of('a'), 0)).toMatchObject({
      load: 0.75,
      currentLoad: 3,
      maxConcurrency: 4,
    });
    const closed = policyInstance(aView('a', { windowRequests: 0 }), new InstanceFigures().of('a'), 0);
    expect(closed).toMatchObject({ load: 1, canAcceptRequest: false });
  });
});

describe('figures of instances', () => {
  it('begin with the first completion and follow slowly', () => {
    const figures = new InstanceFigures();
    expect(figures.of('a')).toMatchObject({ avgLatencyMs: 0, throughputTokensPerSecond: 0 });
    complete(figures, 1_000, 100);
    expect(figures.of('a')).toMatchObject({ avgLatencyMs: 1_000, throughputTokensPerSecond: 100 });
    complete(figures, 2_000, 400);
    expect(figures.of('a')).toMatchObject({ avgLatencyMs: 1_100, throughputTokensPerSecond: 110 });
  });

  it('leave speed alone where no tokens were counted', () => {
    const figures = new InstanceFigures();
    complete(figures, 1_000);
    complete(figures, 1_000, 50);
    complete(figures, 1_000);
    expect(figures.of('a').throughputTokensPerSecond).toBe(50);
  });

  it('are forgotten with the instance', () => {
    const figures = new InstanceFigures();
    complete(figures, 1_000, 100);
    figures.onInstanceRemoved('a');
    expect(figures.of('a').avgLatencyMs).toBe(0);
  });
});
