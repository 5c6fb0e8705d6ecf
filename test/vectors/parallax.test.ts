import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { run } from './parallax.ts';

const LINES = readFileSync(new URL('parallax.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .filter((line) => (JSON.parse(line) as { kind: string }).kind !== 'lifecycle');

it('plans and counts as Parallax does, but for its faults', () => {
  const { passed, failed, skipped } = run(LINES);
  expect(failed).toEqual([]);
  expect(passed + skipped.length).toBe(LINES.length);
  expect(
    skipped.every(({ reason }) =>
      /fault [34]|division by zero|bad input|cuts a node to which its path returns/.test(reason),
    ),
  ).toBe(true);
  expect(passed).toBeGreaterThan(85);
}, 120_000);

const RECORD = LINES.find((line) => line.includes('px-h017-exact'))!;

it.each([
  ['a size of the model', '"embedding_io_bytes": ?\\d'],
  ['a capacity', '"capacity": ?\\{"plain": ?\\d'],
  ['a range', '"ranges": ?\\{"[^"]+": ?\\[\\d'],
  ['a latency', '"roofline_ms": ?\\{"[^"]+": ?\\d'],
  ['a route', '"dp_route": ?\\{"path": ?\\["[^"\\d]*\\d'],
  ['a pick', '"picks": ?\\[\\{"path": ?\\["[^"\\d]*\\d'],
  ['a layer table', '"layer_kv_rle": ?\\[\\[\\d'],
])('notices where %s says otherwise', (_what, pattern) => {
  const spoilt = RECORD.replace(
    new RegExp(pattern),
    (found) => found.slice(0, -1) + ((Number(found.at(-1)) + 1) % 10),
  );
  expect(spoilt).not.toBe(RECORD);
  expect(run([spoilt]).failed).toHaveLength(1);
});

it('goes on after a record that makes no sense', () => {
  const { passed, failed } = run(['{"id":"x","kind":"hand","model":{},"nodes":[],"expect":{}}', RECORD]);
  expect(failed.map(({ id }) => id)).toEqual(['x']);
  expect(passed).toBe(1);
});

it('names a kind that nothing is built for', () => {
  expect(run(['{"id":"x","kind":"unheard"}']).skipped).toEqual([
    { id: 'x', reason: 'not built yet: unheard' },
  ]);
});
