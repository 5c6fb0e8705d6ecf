import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ScaledClock } from './scaled-clock.ts';

describe('a scaled clock', () => {
  it('runs from 0 at its rate', () => {
    const clock = new ScaledClock(4, 1000);
    expect(clock.now(1000)).toBe(0);
    expect(clock.now(1010)).toBe(40);
  });

  it('knows how long to wait for an instant', () => {
    const clock = new ScaledClock(4, 1000);
    expect(clock.wallMsUntil(100, 1000)).toBe(25);
    expect(clock.wallMsUntil(100, 1050)).toBe(-25);
  });

  it('changes its rate without a jump', () => {
    const clock = new ScaledClock(2, 0);
    clock.setRate(0.5, 10);
    expect(clock.now(10)).toBe(20);
    expect(clock.now(14)).toBe(22);
    expect(clock.wallMsUntil(23, 14)).toBe(2);
  });

  it('never goes backwards, whatever the changes', () => {
    const change = fc.record({
      after: fc.integer({ min: 0, max: 100 }),
      rate: fc.double({ min: 0.01, max: 1000, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const clock = new ScaledClock(1, 0);
        let wallMs = 0;
        let before = 0;
        for (const { after, rate } of changes) {
          wallMs += after;
          clock.setRate(rate, wallMs);
          expect(clock.now(wallMs)).toBeGreaterThanOrEqual(before);
          before = clock.now(wallMs);
        }
      }),
    );
  });

  it('takes the wall clock where no time is given', async () => {
    const clock = new ScaledClock(1000);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(clock.now()).toBeGreaterThan(1000);
  });
});
