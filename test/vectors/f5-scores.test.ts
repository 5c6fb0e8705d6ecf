import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { run } from './f5.ts';

const FILE = fileURLToPath(new URL('f5-scores.jsonl', import.meta.url));

describe('the recorded scores', () => {
  const lines = readFileSync(FILE, 'utf8').split('\n');

  it('are ours, all of them', async () => {
    const { passed, failed, skipped } = await run(FILE, lines);
    expect(failed).toEqual([]);
    expect(skipped).toEqual([]);
    expect(passed).toBe(1_111);
  });

  it('are noticed when they are not', async () => {
    const score = JSON.parse(lines[0]!) as { expect: { scores: number[] } };
    score.expect.scores[0]! += 1e-9;
    const { failed } = await run(FILE, [JSON.stringify(score)]);
    expect(failed[0]?.why).toContain('[0]: found');
  });
});
