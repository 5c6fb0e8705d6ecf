import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadPolicyFile } from '../../src/cli/up/policy-file.ts';
import type { MetricsView } from '../../src/domain/index.ts';
import type { CustomPolicy } from '../../src/queueing/index.ts';
import {
  createInstance,
  createPolicyInstance,
  createRequest,
  describePolicy,
  PolicyTrial,
} from '../../src/testing/index.ts';
import { createPolicy as batchAware } from './batch-aware.ts';
import { createPolicy as configurable } from './configurable.ts';
import { createPolicy as metricsAware } from './metrics-aware.ts';
import { policy as minimal } from './minimal.ts';
import { createPolicy as observable } from './observable.ts';
import { policy as shortPromptsFirst } from './order-key.ts';
import { createPolicy as predictive } from './predictive.ts';
import { createPolicy as production } from './production.ts';
import { createPolicy as topologyAware } from './topology-aware.ts';

const EXAMPLES: Readonly<Record<string, () => CustomPolicy>> = {
  'batch-aware': batchAware,
  configurable,
  'metrics-aware': metricsAware,
  minimal: () => minimal,
  observable,
  'order-key': () => shortPromptsFirst,
  predictive,
  production,
  'topology-aware': topologyAware,
};

for (const [name, create] of Object.entries(EXAMPLES))
  describePolicy(name, () => create(), { describe, it, expect });

const folder = fileURLToPath(new URL('.', import.meta.url));
const files = readdirSync(folder).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));

describe('the examples', () => {
  it('are all tried here', () => {
    expect(files).toEqual(Object.keys(EXAMPLES).map((name) => `${name}.ts`));
  });

  it.each(files)('can be named in the configuration: %s', async (name) => {
    const { policy, close } = await loadPolicyFile(`${folder}${name}`);
    close();
    const trial = new PolicyTrial(policy);
    trial.arrive();
    expect(trial.dispatches).toHaveLength(1);
  });
});

const at = (id: string, machine: string, fields = {}) =>
  createInstance({ id, url: `http://${id}.test`, models: ['model-a'], labels: { machine }, ...fields });

describe('minimal', () => {
  it('lets whoever came first go first', () => {
    const trial = new PolicyTrial(minimal, { instances: [at('a', 'left', { maxConcurrency: 1 })] });
    for (let i = 0; i < 3; i++) trial.arrive({ priority: i === 2 ? 'CRITICAL' : 'LOW' });
    trial.finish();
    expect(trial.history()).toEqual(['r0→a', 'r1→a', 'r2→a']);
  });
});

describe('order-key', () => {
  it('lets a short prompt go before a long one that has not waited long', () => {
    const trial = new PolicyTrial(shortPromptsFirst, { instances: [at('a', 'left', { maxConcurrency: 1 })] });
    for (const promptTokens of [1, 1_000, 10]) trial.arrive({ promptTokens });
    trial.finish();
    expect(trial.history()).toEqual(['r0→a', 'r2→a', 'r1→a']);
  });
});

describe('topology-aware', () => {
  it('stays on its machine, near the last instance, while there is room', () => {
    const window = { maxConcurrency: 1 };
    const labels = (machine: string, nvlink_peers: string) => ({
      labels: { machine, nvlink_peers },
      ...window,
    });
    const instances = [
      at('far', 'right', window),
      at('l1', 'left', labels('left', 'l3')),
      at('l2', 'left', window),
      at('l3', 'left', labels('left', 'l1')),
    ];
    const trial = new PolicyTrial(topologyAware({ machine: 'left' }), { instances });
    for (let i = 0; i < 4; i++) trial.arrive();
    expect(trial.history()).toEqual(['r0→l1', 'r1→l3', 'r2→l2', 'r3→far']);
  });
});

describe('metrics-aware', () => {
  const slow = (id: string, avgLatencyMs: number) =>
    ({
      getInstanceMetrics: (asked: string) => (asked === id ? { avgLatencyMs } : undefined),
    }) as unknown as MetricsView;

  it('passes over an instance that the collector found slow', () => {
    const policy = metricsAware({ maxLatencyMs: 500 });
    const busy = { currentLoad: 1 };
    const decide = (latencyMs: number, load = busy) => {
      const instances = ['slow', 'fine'].map((id) => ({
        ...createPolicyInstance({ id }),
        ...load,
        load: id === 'slow' ? 0.1 : 0.5,
      }));
      return policy.nextRequest?.([aRequest], instances, { nowMs: 0, metrics: slow('slow', latencyMs) });
    };
    expect(decide(501)).toMatchObject({ instanceId: 'fine' });
    expect(decide(499)).toMatchObject({ instanceId: 'slow' });
    expect(decide(501, { currentLoad: 0 })).toMatchObject({ instanceId: 'slow' });
    expect(policy.getStats?.()).toEqual({ passedOver: 1 });
  });

  it('goes by what completions showed where nobody collects metrics', () => {
    const trial = new PolicyTrial(metricsAware({ maxLatencyMs: 500 }), {
      instances: [at('a', 'left'), at('b', 'left')],
    });
    trial.arrive();
    trial.clock.advance(800);
    trial.complete();
    for (let i = 0; i < 4; i++) trial.arrive();
    expect(trial.history()).toEqual(['r0→a', 'r1→a', 'r2→b', 'r3→b', 'r4→b']);
  });
});

describe('batch-aware', () => {
  it('sends prompts that begin alike to the same instance', () => {
    const trial = new PolicyTrial(batchAware({ batchSize: 2 }), { instances: [] });
    for (const promptText of ['x', 'y', 'x', 'y', 'x']) trial.arrive({ promptText });
    for (const instance of [at('a', 'left', { maxConcurrency: 3 }), at('b', 'left', { maxConcurrency: 2 })]) {
      trial.handle({ type: 'instance-added', instance });
    }
    for (const instanceId of ['b', 'a'])
      trial.handle({ type: 'instance-health', instanceId, isHealthy: true });
    expect(trial.history()).toEqual(['r0→b', 'r2→b', 'r1→a', 'r3→a', 'r4→a']);
  });
});

describe('predictive', () => {
  it('lets those go first that have shown to be quick, and long ones once they have waited', () => {
    const trial = new PolicyTrial(predictive(), { instances: [at('a', 'left', { maxConcurrency: 1 })] });
    for (const [promptTokens, ms] of [
      [900, 5_000],
      [50, 20],
    ] as const) {
      trial.arrive({ promptTokens });
      trial.clock.advance(ms);
      trial.complete();
    }
    trial.arrive({ id: 'running', promptTokens: 50 });
    trial.arrive({ id: 'long', promptTokens: 950 });
    trial.clock.advance(1_000);
    trial.arrive({ id: 'short', promptTokens: 60 });
    trial.complete();
    trial.clock.advance(6_000);
    trial.arrive({ id: 'short and late', promptTokens: 60 });
    trial.complete();
    expect(trial.history().slice(-3)).toEqual(['running→a', 'short→a', 'long→a']);
  });
});

describe('observable', () => {
  it('gives an account of what it did', () => {
    const policy = observable();
    const trial = new PolicyTrial(policy, { instances: [at('a', 'left')] });
    trial.arrive({ id: 'fine', ttftSloMs: 900 });
    trial.arrive({ id: 'unlucky' });
    trial.clock.advance(30);
    trial.complete('fine');
    trial.fail('unlucky');
    expect(policy.getStats?.()).toMatchObject({
      decisions: 2,
      completed: 1,
      failed: 1,
      lastLines: [
        'fine: class NORMAL, SLO 900 ms, waited 0 ms, 0 behind it',
        'unlucky: class NORMAL, SLO none, waited 0 ms, 0 behind it',
        'fine: completed after 30 ms',
        expect.stringMatching(/^unlucky: (failed|rejected|retried) on a$/),
      ],
    });
  });
});

describe('configurable', () => {
  const order = (weights: Parameters<typeof configurable>[0]): string[] => {
    const trial = new PolicyTrial(configurable(weights), {
      instances: [at('a', 'left', { maxConcurrency: 1 })],
    });
    trial.arrive({ id: 'running' });
    trial.arrive({ id: 'important', priority: 'HIGH' });
    trial.arrive({ id: 'urgent', ttftSloMs: 100 });
    trial.clock.advance(90);
    trial.complete();
    return trial.history().slice(1);
  };

  it('goes by its weights', () => {
    expect(order({})).toEqual(['important→a']);
    expect(order({ sloWeight: 2 })).toEqual(['urgent→a']);
  });

  it.each([
    [{ weight: 1 }, 'unknown parameter "weight", allowed are priorityWeight, sloWeight, loadWeight'],
    [{ sloWeight: -1 }, 'sloWeight must be a number of at least 0, found -1'],
  ])('refuses %j', (weights, message) => {
    expect(() => configurable(weights as object)).toThrow(message);
  });
});

describe('production', () => {
  it('lets instances rest beyond the load threshold', () => {
    const trial = new PolicyTrial(production({ maxLoad: 0.5 }), {
      instances: [at('a', 'left', { maxConcurrency: 4 })],
    });
    for (let i = 0; i < 5; i++) trial.arrive();
    expect([trial.dispatches.length, trial.waiting]).toEqual([3, 2]);
  });

  it('prefers its machine, unless it is much fuller', () => {
    const instances = [at('l', 'left', { maxConcurrency: 10 }), at('r', 'right', { maxConcurrency: 10 })];
    const trial = new PolicyTrial(production({ preferredMachine: 'right' }), { instances });
    for (let i = 0; i < 4; i++) trial.arrive();
    expect(trial.history()).toEqual(['r0→r', 'r1→r', 'r2→r', 'r3→l']);
  });

  it('lets the most urgent go first, and remembers latencies by model', () => {
    const policy = production();
    const trial = new PolicyTrial(policy, { instances: [at('a', 'left', { maxConcurrency: 1 })] });
    trial.arrive({ id: 'running' });
    trial.arrive({ id: 'high', priority: 'HIGH' });
    trial.arrive({ id: 'due', deadlineMs: trial.clock.now() + 200 });
    trial.clock.advance(100);
    trial.complete();
    expect(trial.history().at(-1)).toBe('due→a');
    expect(policy.getStats?.()).toMatchObject({ decisions: 2, avgLatencyByModel: { 'model-a': 100 } });
  });
});

const aRequest = createRequest({ id: 'r', model: 'model-a', arrivalMs: 0 });
