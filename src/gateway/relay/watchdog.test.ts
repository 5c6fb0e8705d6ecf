import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Watchdog } from './watchdog.ts';

describe('Watchdog', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function aWatchdog(): { barks: number[]; watchdog: Watchdog } {
    const barks: number[] = [];
    return { barks, watchdog: new Watchdog((limitMs) => barks.push(limitMs)) };
  }

  it('barks once after as much silence as it allows', () => {
    const { barks, watchdog } = aWatchdog();
    watchdog.start(100);
    vi.advanceTimersByTime(98);
    expect(barks).toEqual([]);
    vi.advanceTimersByTime(10_000);
    expect(barks).toEqual([100]);
  });

  it('counts silence from the last sign of life', () => {
    const { barks, watchdog } = aWatchdog();
    watchdog.start(100);
    for (let count = 0; count < 10; count++) {
      vi.advanceTimersByTime(60);
      watchdog.signOfLife();
    }
    expect(barks).toEqual([]);
    vi.advanceTimersByTime(98);
    expect(barks).toEqual([]);
    vi.advanceTimersByTime(3);
    expect(barks).toEqual([100]);
  });

  it('is quiet once it is stopped', () => {
    const { barks, watchdog } = aWatchdog();
    watchdog.start(100);
    watchdog.stop();
    vi.advanceTimersByTime(1000);
    expect(barks).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('takes a new limit in place of the old', () => {
    const { barks, watchdog } = aWatchdog();
    watchdog.start(100);
    watchdog.start(500);
    vi.advanceTimersByTime(450);
    expect(barks).toEqual([]);
    vi.advanceTimersByTime(51);
    expect(barks).toEqual([500]);
  });
});
