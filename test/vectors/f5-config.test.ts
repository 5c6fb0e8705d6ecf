import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { run } from './f5.ts';

const FILE = fileURLToPath(new URL('f5-config.jsonl', import.meta.url));
const lines = readFileSync(FILE, 'utf8').split('\n');

describe('the recorded readings of the configuration file', () => {
  it('are ours, but for those that record a fault', async () => {
    const { passed, failed, skipped } = await run(FILE, lines);
    expect(failed).toEqual([]);
    expect(skipped).toEqual([
      { id: 'f5-config-0050', reason: expect.stringMatching(/^fault 11/) },
      { id: 'f5-config-0078', reason: expect.stringMatching(/^fault 11/) },
    ]);
    expect(passed).toBe(49);
  });

  it('are noticed when they are not', async () => {
    const [loading] = lines.slice(1).map((line) => line.replace('"port":443', '"port":444'));
    const { failed } = await run(FILE, [loading!]);
    expect(failed).toMatchObject([{ id: 'f5-config-0001', why: '.f5.port: found 443, expected 444' }]);
    const reloading = lines.find((line) => line.includes('"kind":"reload"'))!;
    const changed = reloading.replace('"global_interval":true', '"global_interval":false');
    expect((await run(FILE, [changed])).failed).toHaveLength(1);
  });
});
