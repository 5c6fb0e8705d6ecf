import { afterEach, expect, it } from 'vitest';
import { type PlainRecord, policyFigures } from '../queueing/index.ts';
import { aScheduler } from './__fixtures__/builders.ts';
import { readMetricsPage } from './__fixtures__/metrics-page.ts';
import { MAX_POLICY_STATS } from './policy-metrics.ts';
import { createTelemetry, type Telemetry } from './telemetry.ts';

let telemetry: Telemetry;
afterEach(() => telemetry.stop());

/** The pages that follow one another while a policy tells these. */
async function pagesOf(...told: readonly { readonly name: string; readonly figures: PlainRecord }[]) {
  let index = 0;
  telemetry = createTelemetry({ version: '1.2.3' });
  telemetry.watch({ ...aScheduler(), policy: () => ({ isTruncated: false, ...told[index]! }) });
  const pages: { readonly policy: string; readonly stats: Record<string, number> }[][] = [];
  for (; index < told.length; index++) {
    const samples = readMetricsPage(await telemetry.metricsText()).samples('signalbox_policy_figure');
    const byPolicy = Map.groupBy(samples, ({ labels }) => labels!.policy!);
    pages.push(
      Array.from(byPolicy, ([policy, some]) => ({
        policy,
        stats: Object.fromEntries(some.map(({ labels, value }) => [labels!.stat!, Number(value)])),
      })),
    );
  }
  return pages;
}

const many = (prefix: string) =>
  Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`${prefix}${index}`, index]));

it('shows the numbers among the figures of the policy in force', async () => {
  const figures = { switches: 3, adapter: { isRetired: true, form: 'orderKey' }, list: [1] };
  expect(await pagesOf({ name: 'mine', figures }, { name: 'fifo', figures: {} })).toEqual([
    [{ policy: 'mine', stats: { switches: 3, 'adapter.isRetired': 1 } }],
    [],
  ]);
});

it('has so many series at the most, those of the first page, until another policy is in force', async () => {
  const [first, second, other] = await pagesOf(
    { name: 'mine', figures: many('a') },
    { name: 'mine', figures: { ...many('b'), a0: 7 } },
    { name: 'other', figures: many('b') },
  );
  expect(Object.keys(first![0]!.stats)).toHaveLength(MAX_POLICY_STATS);
  expect(second).toEqual([{ policy: 'mine', stats: { a0: 7 } }]);
  expect(Object.keys(other![0]!.stats)).toHaveLength(MAX_POLICY_STATS);
});

it('keeps the page readable whatever a figure is called', async () => {
  const name = 'a "b"\n\\c';
  const [page] = await pagesOf(
    policyFigures({ name: 'mine', getStats: () => ({ [name]: 1, ['x'.repeat(1e6)]: 2 }) }),
  );
  expect(Object.values(page![0]!.stats)).toEqual([1, 2]);
});
