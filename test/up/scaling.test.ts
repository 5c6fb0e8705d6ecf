import { expect, it } from 'vitest';
import { eventually } from '../bad-input/support/eventually.ts';
import { openFleets } from './support/fleet.ts';
import { streamOf } from './support/requests.ts';

const startFleet = openFleets();

interface Advice {
  readonly models: readonly {
    readonly replicas: number;
    readonly recommendedReplicas: number;
    readonly load: { readonly requestsPerSecond: number; readonly outputTokens: number };
  }[];
}

it('how many replicas a model should have follows from the requests that came', async () => {
  const fleet = await startFleet({ engines: 2 });
  const ask = async () => (await fleet.admin<Advice>('/admin/scaling')).models[0]!;
  expect(await ask()).toMatchObject({ replicas: 2, recommendedReplicas: 1, load: { requestsPerSecond: 0 } });
  for (let i = 0; i < 3; i++) await (await fleet.chat(streamOf(8))).text();
  await eventually(async () => {
    const { load, recommendedReplicas } = await ask();
    expect(load.requestsPerSecond).toBeGreaterThan(0);
    // Of answers that were seen, not what is assumed of unseen ones.
    expect(load.outputTokens).toBeLessThan(20);
    expect(recommendedReplicas).toBeGreaterThanOrEqual(1);
  });
});
