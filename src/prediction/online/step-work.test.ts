import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ENGINE_PROFILES, stepTimeMs } from '../../enginemodel/index.ts';
import { StepWork } from './step-work.ts';

const positive = (max: number) => fc.double({ min: max / 1e6, max, noNaN: true });
const theta = fc
  .tuple(positive(10), positive(50), positive(0.2), positive(1e-5), positive(1e-4), positive(20))
  .map((values) => Float64Array.from(values));
const group = fc.tuple(positive(50), positive(4096), positive(1e6), positive(256), positive(1e8));

function workOf(groups: readonly (readonly number[])[], overheads = 1): StepWork {
  const work = new StepWork();
  for (const [steps, tokens, kv, requests, pairs] of groups)
    work.add(steps!, tokens!, kv!, requests!, pairs!);
  for (let i = 0; i < overheads; i++) work.addOverhead();
  return work;
}

describe('the time of a step', () => {
  it.each(ENGINE_PROFILES.map((profile) => [profile.name, profile] as const))(
    'is what the engine model says: %s',
    (_, profile) => {
      const values = [
        profile.fixedMs,
        profile.weightReadMs,
        profile.linearMsPerToken,
        profile.prefillMsPerPair,
        profile.decodeMsPerKvToken,
        0,
      ];
      const load = { decodes: 20, decodeKvTokens: 30_000, chunks: [{ contextTokens: 1000, tokens: 700 }] };
      const pairs = 700 * 1000 + 700 ** 2 / 2;
      const work = workOf([[1, 720, 30_000, 21, pairs]], 0);
      const time = work.timeMs(Float64Array.from(values)) + profile.perRequestMs * work.requestSteps();
      expect(time).toBeCloseTo(stepTimeMs(profile, load), 9);
    },
  );

  it('of several groups is their sum', () => {
    fc.assert(
      fc.property(theta, group, group, (coefficients, a, b) => {
        const apart = workOf([a]).timeMs(coefficients) + workOf([b], 0).timeMs(coefficients);
        expect(workOf([a, b]).timeMs(coefficients) / apart).toBeCloseTo(1, 9);
      }),
    );
  });
});

describe('the gradient', () => {
  it('times the coefficients is the time', () => {
    fc.assert(
      fc.property(theta, fc.array(group, { minLength: 1, maxLength: 4 }), (coefficients, groups) => {
        const gradient = new Float64Array(6);
        const time = workOf(groups).timeMs(coefficients, gradient);
        const product = gradient.reduce((sum, slope, i) => sum + slope * coefficients[i]!, 0);
        expect(product / time).toBeCloseTo(1, 9);
      }),
    );
  });

  it('is the slope in each coefficient', () => {
    fc.assert(
      fc.property(theta, group, (coefficients, only) => {
        const work = workOf([only]);
        const gradient = new Float64Array(6);
        const time = work.timeMs(coefficients, gradient);
        coefficients.forEach((value, i) => {
          const step = value * 1e-4;
          const at = (change: number) => work.timeMs(coefficients.with(i, value + change));
          const slope = (at(step) - at(-step)) / (2 * step);
          expect(Math.abs(slope - gradient[i]!)).toBeLessThanOrEqual(
            1e-3 * Math.abs(slope) + (1e-12 * time) / step,
          );
        });
      }),
    );
  });

  it('is finite where both parts under the root are zero', () => {
    const gradient = new Float64Array(6);
    workOf([[1, 10, 10, 1, 10]]).timeMs(new Float64Array(6), gradient);
    expect([...gradient].every(Number.isFinite)).toBe(true);
  });
});

it('is empty again after clear', () => {
  const work = workOf([[1, 10, 10, 1, 10]]);
  expect(work.clear().timeMs(new Float64Array(6).fill(1))).toBe(0);
  expect(work.requestSteps()).toBe(0);
});

it('leaves out groups without steps', () => {
  const work = workOf([[0, 10, 10, 1, 10]], 0);
  expect(work.timeMs(new Float64Array(6).fill(1))).toBe(0);
});
