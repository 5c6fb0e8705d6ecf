import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StepRun } from './step-run.ts';

const aRun = (steps = 5) => new StepRun(100, 10, 1, steps);

describe('a run of steps', () => {
  it('has ends that lie further and further apart', () => {
    const run = aRun();
    expect([1, 2, 3, 4, 5].map((step) => run.endOfStepMs(step))).toEqual([110, 121, 133, 146, 160]);
    expect(run.endMs).toBe(160);
  });

  it.each([
    [99, 0, 0],
    [100, 0, 0],
    [109.999, 0, 0],
    [110, 1, 0],
    [110.001, 1, 1],
    [133, 3, 2],
    [160, 5, 4],
    [1e9, 5, 5],
  ])('at %d ms has ended %d steps, %d of them before', (atMs, by, before) => {
    expect(aRun().stepsEndedBy(atMs)).toBe(by);
    expect(aRun().stepsEndedBefore(atMs)).toBe(before);
  });

  it('can be cut short but not lengthened', () => {
    const run = aRun();
    run.cutAfter(9);
    expect(run.steps).toBe(5);
    run.cutAfter(2);
    expect(run.endMs).toBe(121);
    expect(run.stepsEndedBy(1e9)).toBe(2);
  });

  it('takes steps of equal length where nothing grows', () => {
    const run = new StepRun(0, 2.5, 0, 4);
    expect(run.endMs).toBe(10);
    expect(run.stepsEndedBy(7.5)).toBe(3);
  });

  it('agrees with adding the steps up', () => {
    const positive = fc.double({ min: 0.01, max: 100, noNaN: true });
    fc.assert(
      fc.property(
        positive,
        fc.double({ min: 0, max: 0.1, noNaN: true }),
        fc.integer({ min: 1, max: 500 }),
        (base, growth, steps) => {
          let sumMs = 0;
          for (let step = 0; step < steps; step++) sumMs += base + growth * step;
          expect(new StepRun(0, base, growth, steps).endMs).toBeCloseTo(sumMs, 6);
        },
      ),
    );
  });

  it('counts ended steps as the inverse of their ends', () => {
    const anInstant = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(
        anInstant,
        fc.double({ min: 0.01, max: 100, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 1000 }),
        (startMs, base, growth, step) => {
          const run = new StepRun(startMs, base, growth, 1000);
          expect(run.stepsEndedBy(run.endOfStepMs(step))).toBe(step);
          expect(run.stepsEndedBefore(run.endOfStepMs(step))).toBe(step - 1);
        },
      ),
    );
  });
});
