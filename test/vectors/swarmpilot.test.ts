import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { run } from './swarmpilot.ts';

const LINES = readFileSync(new URL('swarmpilot.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '');

it('does as SwarmPilot does, its API step by step, but for its faults', async () => {
  const { passed, failed, skipped } = await run(LINES);
  expect(failed).toEqual([]);
  expect(passed + skipped.length).toBe(LINES.length);
  expect(passed).toBeGreaterThan(205);
  expect(skipped.filter(({ reason }) => reason.startsWith('not built'))).toEqual([]);
}, 60_000);

const TRANSCRIPTS = LINES.filter((line) => /"kind": ?"gq\.api\./.test(line));

it('notices where a step of a transcript answers otherwise', async () => {
  const line = TRANSCRIPTS.find((each) => each.includes('gq.api.notify_task_complete'))!;
  const { failed } = await run([line.replaceAll('completion processed', 'completion pondered')]);
  expect(failed).toHaveLength(1);
}, 60_000);

it('names a kind that nothing is built for', async () => {
  const { skipped } = await run(['{"id": "x#1", "kind": "gq.unheard", "input": {}, "expect": {}}']);
  expect(skipped).toEqual([{ id: 'x#1', reason: 'not built yet: gq.unheard' }]);
});

it('goes on after a record that makes no sense', async () => {
  const broken = '{"id": "x#1", "kind": "sp.min_time", "input": {}, "expect": {}}';
  const { passed, failed } = await run([broken, LINES.find((line) => line.includes('"sp.min_time"'))!]);
  expect(failed.map(({ id }) => id)).toEqual(['x#1']);
  expect(passed).toBe(1);
});

it('fails where a figure is another', async () => {
  const record = { id: 'x#1', kind: 'gq.predictor_client.moments', input: { p: [0, 1], q: [1, 3] } };
  const { failed } = await run([JSON.stringify({ ...record, expect: { mean: 2.5, variance: 1, std: 1 } })]);
  expect(failed).toHaveLength(1);
});

const KINDS = LINES.map((line) => (JSON.parse(line) as { kind: string }).kind);

it.each([
  'gq.shortest_queue.select',
  'gq.shortest_queue.sequence',
  'gq.round_robin.sequence',
  'gq.weighted.select_from_candidates',
  'gq.probabilistic.select',
  'gq.probabilistic_history.gaussian_shortest',
  'gq.quantile_prob.add',
  'gq.quantile_convolution',
  'gq.task_tracker.cleanup',
  'sp.min_time',
  'sp.po2',
  'sp.round_robin',
  'sp.planner',
])('notices where a record of %s says otherwise', async (kind) => {
  const record = JSON.parse(LINES[KINDS.indexOf(kind)]!) as { expect: unknown };
  record.expect = spoilt(record.expect);
  const { failed } = await run([JSON.stringify(record)]);
  expect(failed).toHaveLength(1);
});

/** Every number is another one, every text another text. */
function spoilt(value: unknown): unknown {
  if (typeof value === 'number') return value + 1 + Math.abs(value);
  if (typeof value === 'string') return `not ${value}`;
  if (Array.isArray(value)) return value.map(spoilt);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, spoilt(each)]));
}
