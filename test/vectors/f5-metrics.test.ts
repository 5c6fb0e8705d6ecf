import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { run } from './f5.ts';

const FOLDER = fileURLToPath(new URL('f5-metrics-samples', import.meta.url));
const records: unknown[] = JSON.parse(readFileSync(`${FOLDER}/index.json`, 'utf8'));
const lines = records.map((record) => JSON.stringify(record));

describe('the recorded readings of metrics pages', () => {
  it('are ours, but for those that record a fault', async () => {
    const { passed, failed, skipped } = await run(FOLDER, lines);
    expect(failed).toEqual([]);
    const byFault = Map.groupBy(skipped, ({ reason }) => reason.split(':')[0]!);
    const counts = Object.fromEntries([...byFault].map(([fault, all]) => [fault, all.length]));
    expect(counts).toEqual({ 'fault 1': 10, 'fault 8': 23, 'fault 9': 35, 'fault 10': 1 });
    expect(passed).toBe(116);
  });

  it('are noticed when they are not', async () => {
    const changed = lines[0]!.replace('"waiting_queue":3', '"waiting_queue":4');
    const { failed } = await run(FOLDER, [changed]);
    expect(failed).toMatchObject([{ why: '.metrics.waiting_queue: found 3, expected 4' }]);
  });
});
