import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../domain/index.ts';
import { Residuals } from './residuals.ts';

describe('a distribution around a mean', () => {
  it('is the assumed one while there are few samples', () => {
    const residuals = new Residuals(0.5);
    for (let i = 0; i < 9; i++) residuals.add(3);
    expect(residuals.around(100)).toEqual({
      mean: 100,
      standardDeviation: 50,
      p80: expect.closeTo(142.08, 2),
    });
  });

  it('is as wide as the errors were', () => {
    const residuals = new Residuals(0.5);
    for (let i = 0; i < 50; i++) residuals.add(i % 2 === 0 ? 0.9 : 1.1);
    const { mean, standardDeviation, p80 } = residuals.around(200);
    expect(mean).toBe(200);
    expect(standardDeviation).toBeCloseTo(20, 0);
    expect(p80! / 220).toBeCloseTo(1, 1);
  });

  it('has its p80 above four of five', () => {
    const residuals = new Residuals(0.5);
    const random = seededRandom(1);
    for (let i = 0; i < 200; i++) residuals.add(0.5 + random.next());
    expect(residuals.around(1).p80).toBeGreaterThan(1.25);
    expect(residuals.around(1).p80).toBeLessThan(1.35);
  });

  it('forgets errors of long ago', () => {
    const residuals = new Residuals(0.5);
    for (let i = 0; i < 1000; i++) residuals.add(5);
    for (let i = 0; i < 1000; i++) residuals.add(1);
    expect(residuals.around(1).p80).toBeLessThan(1.05);
    expect(residuals.around(1).standardDeviation).toBeLessThan(1);
  });

  it('is not blown up by one monster', () => {
    const residuals = new Residuals(0.5);
    for (let i = 0; i < 100; i++) residuals.add(1);
    residuals.add(1e9);
    expect(residuals.around(1).standardDeviation).toBeLessThan(1);
  });
});
