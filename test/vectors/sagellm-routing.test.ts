import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { run, SAGELLM_ROUTING } from './sagellm-routing.ts';

const lines = readFileSync(new URL('sagellm.jsonl', import.meta.url), 'utf8').split('\n');

const SKIPPED = [
  'router.topology_aware#005: fault 15: moves away from the preferred instance',
  'router.unknown_name#002: fault 5: a name that is not known becomes another; ours is refused',
  'pd_routing#004: fault 16: HIGH is not treated as high',
  'pd_routing#037: fault 12: 0 is taken for none',
  'parallelism.select#003: fault L17: no GPU at all is not refused: sizes of 0, or an arithmetic error',
  'parallelism.select#006: fault L17: no GPU at all is not refused: sizes of 0, or an arithmetic error',
];

describe('the recorded routing', () => {
  it('is ours, but for the faults', () => {
    const { passed, failed, skipped } = run(lines);
    expect(failed).toEqual([]);
    expect(skipped.map(({ id, reason }) => `${id}: ${reason}`)).toEqual(SKIPPED);
    expect(passed).toBe(111);
  });

  it.each<[string, (expected: Record<string, unknown>) => void]>([
    ['router.load_balanced#001', (expected) => Object.assign(expected, { selected: Array(8).fill('i9') })],
    ['router.affinity#002', (expected) => Object.assign(expected, { affinity_map: { u1: 'i9' } })],
    ['load_balancer.other#001', (expected) => Object.assign(expected, { selected: Array(5).fill('i9') })],
    ['instance.capabilities#011', (expected) => Object.assign(expected, { prefilling: true })],
    ['instance.capabilities#008', (expected) => Object.assign(expected, { embedding: true })],
    ['topology.affinity#001', (expected) => Object.assign(expected, { b_to_a: 0.2 })],
    ['pd_routing#001', (expected) => Object.assign(expected, { phase: 'PREFILLING' })],
    ['parallelism.select#008', (expected) => Object.assign(expected, { dp: 3 })],
  ])('is noticed when it is not: %s', (id, spoil) => {
    const line = lines.find((text) => text.includes(`"${id}"`))!;
    const record = JSON.parse(line) as { expect: Record<string, unknown> };
    spoil(record.expect);
    const { passed, failed } = run([JSON.stringify(record)]);
    expect(passed).toBe(0);
    expect(failed.map((each) => each.id)).toEqual([id]);
  });

  it('is of these kinds, and of no others', () => {
    const kinds = new Set(lines.filter(Boolean).map((line) => (JSON.parse(line) as { kind: string }).kind));
    const handled = [...kinds].filter((kind) => SAGELLM_ROUTING.handles?.(kind));
    const wanted = /^(instance|router|load_balancer(?!\.stats)|topology|pd_routing|parallelism)/;
    expect(handled).toEqual([...kinds].filter((kind) => wanted.test(kind)));
  });
});
