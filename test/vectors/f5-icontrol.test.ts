import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { run } from './f5.ts';

const FILE = fileURLToPath(new URL('f5-icontrol.jsonl', import.meta.url));
const lines = readFileSync(FILE, 'utf8').split('\n');

/** Records of what the existing scheduler does wrong, by the number that `docs/f5.md` gives the fault. */
const SKIPPED = {
  'fault 13': [
    'f5-icontrol-0015',
    'f5-icontrol-0016',
    'f5-icontrol-0017',
    'f5-icontrol-0018',
    'f5-icontrol-0019',
    'f5-icontrol-0022',
    'f5-icontrol-0036',
    'f5-icontrol-0044',
    'f5-icontrol-0045',
    'f5-icontrol-0050',
  ],
  'fault 17': ['f5-icontrol-0034'],
};

describe('the recorded talk with the appliance', () => {
  it('is ours, but for those records that hold a fault', async () => {
    const { passed, failed, skipped } = await run(FILE, lines);
    expect(failed).toEqual([]);
    const byFault = Map.groupBy(skipped, ({ reason }) => reason.split(':')[0]!);
    expect(Object.fromEntries([...byFault].map(([fault, all]) => [fault, all.map(({ id }) => id)]))).toEqual(
      SKIPPED,
    );
    expect(passed).toBe(26);
  });

  it.each([
    ['"timeout":"36000"', '"timeout":"37000"', '.json.timeout'],
    ['"expires_in_s":36000.0', '"expires_in_s":99.0', '.expires_in_s'],
    ['["10.0.0.1:8001","Common"]', '["10.0.0.9:8001","Common"]', '10.0.0.9'],
  ])('is noticed when %s becomes %s', async (is, becomes, place) => {
    const changed = lines[0]!.replaceAll(is, becomes);
    expect(changed).not.toBe(lines[0]);
    const { failed } = await run(FILE, [changed]);
    expect(failed[0]?.why).toContain(place);
  });
});
