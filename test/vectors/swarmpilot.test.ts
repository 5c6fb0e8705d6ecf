import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { run } from './swarmpilot.ts';

const LINES = readFileSync(new URL('swarmpilot.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '');

it('foretells as SwarmPilot does, but for its faults', async () => {
  const { passed, failed, skipped } = await run(LINES);
  expect(failed).toEqual([]);
  expect(passed + skipped.length).toBe(LINES.length);
  expect(passed).toBeGreaterThan(45);
});

it('names a kind that nothing is built for', async () => {
  const { skipped } = await run(['{"id": "x#1", "kind": "gq.unheard", "input": {}, "expect": {}}']);
  expect(skipped).toEqual([{ id: 'x#1', reason: 'not built yet: gq.unheard' }]);
});

it('fails where a figure is another', async () => {
  const record = { id: 'x#1', kind: 'gq.predictor_client.moments', input: { p: [0, 1], q: [1, 3] } };
  const { failed } = await run([JSON.stringify({ ...record, expect: { mean: 2.5, variance: 1, std: 1 } })]);
  expect(failed).toHaveLength(1);
});
