import { describe, expect, it } from 'vitest';
import { readMetricsPage } from './__fixtures__/metrics-page.ts';
import { METRICS } from './metric-definitions.ts';
import { createMetricStore } from './metric-store.ts';

describe('the metric store', () => {
  it('gives the same series for the same labels and another for others', () => {
    const requests = createMetricStore().number('signalbox_requests_total');
    const first = requests.cell('m', 'i', 'completed');
    expect(requests.cell('m', 'i', 'completed')).toBe(first);
    expect(requests.cell('m', 'i', 'failed')).not.toBe(first);
  });

  it('keeps label values apart that would read the same when joined', () => {
    const errors = createMetricStore().number('signalbox_request_errors_total');
    expect(errors.cell('a,b', 'c')).not.toBe(errors.cell('a', 'b,c'));
  });

  it('refuses the wrong number of labels, naming the right ones', () => {
    const errors = createMetricStore().number('signalbox_request_errors_total');
    expect(() => errors.cell('only-one')).toThrow(
      'signalbox_request_errors_total has the labels [model, code]; found 1 values',
    );
  });

  it('writes label values so that a parser reads them back as they were', async () => {
    const store = createMetricStore();
    const odd = 'a "quoted" \\ back\nslash {x="y"} ü';
    store.number('signalbox_request_errors_total').cell(odd, 'shed').value = 3;
    const page = readMetricsPage(await store.text());
    expect(page.value('signalbox_request_errors_total', { model: odd })).toBe(3);
  });

  it('shows a head for every metric, even one that has no series yet', async () => {
    const page = readMetricsPage(await createMetricStore().text());
    expect(page.heads.map(({ name }) => name)).toEqual(Object.keys(METRICS));
  });

  it('shows metrics without labels as 0 from the start', async () => {
    const page = readMetricsPage(await createMetricStore().text());
    expect(page.value('signalbox_ejections_total')).toBe(0);
    expect(page.samples('signalbox_requests_total')).toEqual([]);
  });

  it('forgets one label value in every metric that has the label', async () => {
    const store = createMetricStore();
    store.number('signalbox_decisions_total').cell('m', 'gone').value = 1;
    store.number('signalbox_decisions_total').cell('m', 'stays').value = 1;
    store.histogram('signalbox_e2e_request_latency_seconds').cell('m', 'gone').observe(1);
    store.forget('instance_id', 'gone');
    const page = readMetricsPage(await store.text());
    expect(page.samples('signalbox_decisions_total').map(({ labels }) => labels?.instance_id)).toEqual([
      'stays',
    ]);
    expect(page.samples('signalbox_e2e_request_latency_seconds_count')).toEqual([]);
  });

  it('lets other work run while it writes a large page', async () => {
    const store = createMetricStore();
    const latency = store.histogram('signalbox_e2e_request_latency_seconds');
    for (let index = 0; index < 20_000; index += 1) latency.cell('m', `i${index}`).observe(1);
    let turns = 0;
    let isWriting = true;
    const countTurns = () => {
      turns += 1;
      if (isWriting) setImmediate(countTurns);
    };
    setImmediate(countTurns);
    const page = await store.text();
    isWriting = false;
    expect(page.split('\n').length).toBeGreaterThan(20_000 * 18);
    expect(turns).toBeGreaterThan(1);
  });
});
