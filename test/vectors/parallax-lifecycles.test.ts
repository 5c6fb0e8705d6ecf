import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { PARALLAX_LIFECYCLES, run } from './parallax-lifecycles.ts';

const LINES = readFileSync(new URL('parallax.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter(
    (line) => line !== '' && PARALLAX_LIFECYCLES.handles?.((JSON.parse(line) as { kind: string }).kind),
  );

it('lives as Parallax does, but for its faults', () => {
  const { passed, failed, skipped } = run(LINES);
  expect(failed).toEqual([]);
  expect(passed + skipped.length).toBe(LINES.length);
  expect(passed).toBeGreaterThan(14);
});

it.each([
  ['a request goes elsewhere', /"path": ?\["a"\]/, '"path": ["b"]'],
  ['a node holds other layers', /"ranges": ?\{"a": ?\[0, ?12\]/, '"ranges": {"a": [0, 11]'],
])('notices where %s', (_what, pattern, instead) => {
  const line = LINES.find((one) => one.includes('greedy-rr-fill-up'))!;
  const spoilt = line.replace(pattern, instead);
  expect(spoilt).not.toBe(line);
  expect(run([spoilt]).failed).toHaveLength(1);
});
