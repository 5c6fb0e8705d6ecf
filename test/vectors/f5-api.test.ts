import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { run } from './f5.ts';

const FILE = fileURLToPath(new URL('f5-api.jsonl', import.meta.url));
const lines = readFileSync(FILE, 'utf8').split('\n');

/** Records of what the existing scheduler does wrong, by the number that `docs/f5.md` gives the fault. */
const SKIPPED = {
  'fault 3': ['f5-api-0291', 'f5-api-0292'],
  'fault 15': [
    'f5-api-0285',
    'f5-api-0286',
    'f5-api-0287',
    'f5-api-0303',
    'f5-api-0306',
    'f5-api-0308',
    'f5-api-0309',
    'f5-api-0310',
    'f5-api-0311',
    'f5-api-0321',
    'f5-api-0322',
  ],
};

describe('the recorded answers of the select API', () => {
  it('are ours, but for those that record a fault', async () => {
    const { passed, failed, skipped } = await run(FILE, lines);
    expect(failed).toEqual([]);
    const byFault = Map.groupBy(skipped, ({ reason }) => reason.split(':')[0]!);
    expect(Object.fromEntries([...byFault].map(([fault, all]) => [fault, all.map(({ id }) => id)]))).toEqual(
      SKIPPED,
    );
    expect(passed).toBe(184);
  });

  it('are noticed when they are not', async () => {
    const changed = lines[0]!.replace('"body":"10.0.0.1:8001"', '"body":"10.0.0.3:8003"');
    const { failed } = await run(FILE, [changed]);
    expect(failed).toMatchObject([{ why: 'value: found "10.0.0.1:8001", expected "10.0.0.3:8003"' }]);
  });
});
