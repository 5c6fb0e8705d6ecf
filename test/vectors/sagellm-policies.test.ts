import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { run, SAGELLM_POLICIES } from './sagellm-policies.ts';

const lines = readFileSync(new URL('sagellm.jsonl', import.meta.url), 'utf8').split('\n');

describe('the recorded policies', () => {
  it('order and decide as ours do', () => {
    const { passed, failed, skipped } = run(lines);
    expect(failed).toEqual([]);
    expect(passed).toBe(193);
    expect(skipped).toEqual([]);
  });

  it('are noticed when they do not', () => {
    const line = lines.find((text) => text.includes('"policy.priority#001"'))!;
    const record = JSON.parse(line) as {
      expect: { prioritize: string[]; decisions: { instance_id: string }[] };
    };
    record.expect.prioritize.reverse();
    record.expect.decisions[0]!.instance_id = 'i3';
    const { failed } = run([JSON.stringify(record)]);
    expect(failed[0]?.why).toContain('order: found ["r4"');
    expect(failed[0]?.why).toContain('instance: found "i0", expected "i3"');
  });

  it('say which kinds they are of', () => {
    const kinds = new Set(lines.filter(Boolean).map((line) => (JSON.parse(line) as { kind: string }).kind));
    const handled = [...kinds].filter((kind) => SAGELLM_POLICIES.handles?.(kind));
    expect(handled.sort()).toEqual([
      'adaptive.choice',
      'doc.custom_scheduling.get_next_request',
      'policy.adaptive',
      'policy.cost_optimized',
      'policy.fifo',
      'policy.priority',
      'policy.slo_aware',
    ]);
  });
});
