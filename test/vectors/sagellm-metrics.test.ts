import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { run, SAGELLM_METRICS } from './sagellm-metrics.ts';

const lines = readFileSync(new URL('sagellm.jsonl', import.meta.url), 'utf8').split('\n');
const lineOf = (id: string) => lines.find((line) => line.includes(`"${id}"`))!;

describe('the recorded metrics', () => {
  const outcome = run(lines);

  it('agree with ours', () => {
    expect(outcome.failed).toEqual([]);
    expect(outcome.passed).toBe(8);
  });

  it('are skipped for no reason but these', () => {
    const byReason = Map.groupBy(outcome.skipped, ({ reason }) => reason.split(/[:;]/)[0]);
    const counts = [...byReason].map(([reason, records]) => [reason, records.length]);
    expect(Object.fromEntries(counts)).toEqual({ 'fault 13': 7 });
  });

  it('are handled once each', () => {
    const kinds = lines.filter(Boolean).map((line) => (JSON.parse(line) as { kind: string }).kind);
    const handled = kinds.filter((kind) => SAGELLM_METRICS.handles?.(kind));
    expect(outcome.passed + outcome.skipped.length).toBe(handled.length);
  });
});

describe('a difference is noticed', () => {
  it.each([
    ['scheduling', 'latency_prediction_error_avg'],
    ['scheduling', 'queue_wait_time_p50'],
    ['scheduling', 'load_balance_coefficient'],
    ['global', 'total_requests'],
    ['global', 'p95_latency_ms'],
  ])('in %s.%s, in a record with the fault as in one without', (part, figure) => {
    for (const id of ['metrics.collector#001', 'metrics.collector#004', 'metrics.collector#011']) {
      const record = JSON.parse(lineOf(id)) as { expect: Record<string, Record<string, number>> };
      record.expect[part]![figure]! *= 1.05;
      expect(run([JSON.stringify(record)]).failed).toMatchObject([
        { id, why: expect.stringContaining(`${figure}: found`) },
      ]);
    }
  });

  it('in a percentile', () => {
    const record = JSON.parse(lineOf('metrics.percentile#009')) as { expect: Record<string, number> };
    record.expect['50'] = 53;
    expect(run([JSON.stringify(record)]).failed.length).toBe(1);
  });

  it("in a load balancer's figures", () => {
    const record = JSON.parse(lineOf('load_balancer.stats#001')) as { expect: { a: object } };
    Object.assign(record.expect.a, { avg_latency_ms: 74.5 });
    expect(run([JSON.stringify(record)]).failed.length).toBe(1);
  });
});
