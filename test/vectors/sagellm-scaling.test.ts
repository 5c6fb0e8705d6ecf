import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { run, SAGELLM_SCALING } from './sagellm-scaling.ts';

const lines = readFileSync(new URL('sagellm.jsonl', import.meta.url), 'utf8').split('\n');

describe('the recorded autoscaler', () => {
  it('is ours, but for the fault', () => {
    const { passed, failed, skipped } = run(lines);
    expect(failed).toEqual([]);
    expect(skipped.map(({ id, reason }) => `${id}: ${reason}`)).toEqual([
      'interpolator.decode#005: fault L16: where no batch keeps to the target, what a GPU can do comes out negative',
    ]);
    expect(passed).toBe(56);
  });

  it.each<[string, (expected: Record<string, unknown>) => void]>([
    ['autoscaler.decision#002', (expected) => Object.assign(expected, { decode: 17 })],
    ['autoscaler.decision#021', (expected) => Object.assign(expected, { prefill: 4 })],
    ['autoscaler.correction#003', (expected) => Object.assign(expected, { prefill: 1.83 })],
    ['autoscaler.correction#009', (expected) => Object.assign(expected, { valid: true })],
    ['autoscaler.constraints#004', (expected) => Object.assign(expected, { result: [5, 4] })],
    ['load_predictor.arima#003', (expected) => Object.assign(expected, { prediction: [1, 2, 3] })],
    [
      'load_predictor.moving_average#005',
      (expected) => Object.assign(expected, { prediction: [24, 831, 273] }),
    ],
    ['interpolator.prefill#001', (expected) => Object.assign(expected, { ttft: 51 })],
    ['interpolator.decode#002', (expected) => Object.assign(expected, { best_online: [100, 40, 6] })],
    ['interpolator.decode#005', (expected) => Object.assign(expected, { itl: 77 })],
  ])('is noticed when it is not: %s', (id, spoil) => {
    const line = lines.find((text) => text.includes(`"${id}"`))!;
    const record = JSON.parse(line) as { expect: Record<string, unknown> };
    spoil(record.expect);
    const { passed, failed } = run([JSON.stringify(record)]);
    expect(passed).toBe(0);
    expect(failed.map((each) => each.id)).toEqual([id]);
  });

  it('asks for as many as allowed, where there a negative number asks for the least', () => {
    const decision = {
      id: 'd',
      kind: 'autoscaler.decision',
      input: {
        config: { profile_data_dir: '/p', max_gpu_budget: 1000 },
        prefill_correction: 1,
        decode_correction: 2,
        num_req: 60,
        isl: 4000,
        osl: 100,
      },
      expect: { prefill: 7, decode: 1 },
    };
    expect(run([JSON.stringify(decision)]).skipped).toMatchObject([
      { reason: expect.stringMatching(/^fault L16/) },
    ]);
  });

  it('is of these kinds, and of no others', () => {
    const kinds = new Set(lines.filter(Boolean).map((line) => (JSON.parse(line) as { kind: string }).kind));
    const handled = [...kinds].filter((kind) => SAGELLM_SCALING.handles?.(kind));
    expect(handled).toEqual(
      [...kinds].filter((kind) => /^(autoscaler|interpolator|load_predictor)/.test(kind)),
    );
  });
});
