import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../domain/index.ts';
import { ManualTimers } from '../__fixtures__/manual-timers.ts';
import { type Rhythm, repeat } from './repeat.ts';

/** A random number generator whose every number is this one: 0.5 leaves an interval as it is. */
const always = (value: number) => ({ next: () => value });

function setUp(rhythm: Partial<Rhythm> & { workMs?: number } = {}, random = always(0.5)) {
  const timers = new ManualTimers();
  const starts: number[] = [];
  let running = 0;
  let mostRunning = 0;
  let lastSignal: AbortSignal | undefined;
  const work = async (signal: AbortSignal) => {
    lastSignal = signal;
    starts.push(timers.clock.now() - 1_000_000);
    mostRunning = Math.max(mostRunning, ++running);
    if (rhythm.workMs) await new Promise<void>((resolve) => timers.setTimeout(resolve, rhythm.workMs!));
    running--;
  };
  const repetition = repeat(
    work,
    { intervalMs: () => 1000, firstDelayMs: 0, ...rhythm },
    { clock: timers.clock, timers, random },
  );
  return { timers, starts, repetition, mostRunning: () => mostRunning, lastSignal: () => lastSignal };
}

describe('repeat', () => {
  it('runs after the first delay and then each interval', async () => {
    const { timers, starts } = setUp({ firstDelayMs: 300 });
    await timers.advance(3500);
    expect(starts).toEqual([300, 1300, 2300, 3300]);
  });

  it('counts the interval from start to start', async () => {
    const { timers, starts } = setUp({ workMs: 400 });
    await timers.advance(2500);
    expect(starts).toEqual([0, 1000, 2000]);
  });

  it('never runs twice at a time, and goes on at once after a run that took too long', async () => {
    const { timers, starts, mostRunning } = setUp({ workMs: 1700 });
    await timers.advance(4000);
    expect(starts).toEqual([0, 1700, 3400]);
    expect(mostRunning()).toBe(1);
  });

  it('asks for the interval after each run', async () => {
    let intervalMs = 1000;
    const { timers, starts } = setUp({ intervalMs: () => intervalMs });
    await timers.advance(1500);
    intervalMs = 200;
    await timers.advance(1000);
    expect(starts).toEqual([0, 1000, 2000, 2200, 2400]);
  });

  it.each([
    [0, 900],
    [0.5, 1000],
    [1, 1100],
  ])('varies each wait by 10 %% either way (chance %d: %d ms)', async (chance, waitMs) => {
    const { timers, starts } = setUp({}, always(chance));
    await timers.advance(waitMs);
    expect(starts).toEqual([0, waitMs]);
  });

  it('varies by the share it is told', async () => {
    const { timers, starts } = setUp({ jitterShare: 0.5 }, always(0));
    await timers.advance(500);
    expect(starts).toEqual([0, 500]);
  });

  it('lets two that began together drift apart', async () => {
    const a = setUp({}, seededRandom(1));
    const b = setUp({}, seededRandom(2));
    await a.timers.advance(20_000);
    await b.timers.advance(20_000);
    const together = a.starts.filter((start) => b.starts.includes(start));
    expect(together).toEqual([0]);
  });

  it('goes on after a run that failed', async () => {
    const timers = new ManualTimers();
    let runs = 0;
    const failed: unknown[] = [];
    const collect = (reason: unknown) => failed.push(reason);
    process.on('unhandledRejection', collect);
    const work = async () => {
      runs++;
      if (runs === 1) throw new Error('a bug');
    };
    repeat(
      work,
      { intervalMs: () => 10, firstDelayMs: 0 },
      { clock: timers.clock, timers, random: always(0.5) },
    );
    await timers.advance(25);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', collect);
    expect(runs).toBe(3);
    // The failure is not swallowed either.
    expect(failed).toHaveLength(1);
  });

  describe('hurry', () => {
    it('begins the next run now', async () => {
      const { timers, starts, repetition } = setUp();
      await timers.advance(100);
      repetition.hurry();
      await timers.advance(1000);
      expect(starts).toEqual([0, 100, 1100]);
    });

    it('begins it right after the one in progress', async () => {
      const { timers, starts, repetition, mostRunning } = setUp({ workMs: 300 });
      await timers.advance(100);
      repetition.hurry();
      await timers.advance(1000);
      expect(starts).toEqual([0, 300]);
      expect(mostRunning()).toBe(1);
    });
  });

  describe('stop', () => {
    it('lets nothing begin and leaves no timer', async () => {
      const { timers, starts, repetition } = setUp();
      await timers.advance(500);
      repetition.stop();
      expect(timers.pendingCount).toBe(0);
      repetition.hurry();
      await timers.advance(5000);
      expect(starts).toEqual([0]);
      expect(timers.pendingCount).toBe(0);
    });

    it('aborts the run in progress, and none follows it', async () => {
      const { timers, starts, repetition, lastSignal } = setUp({ workMs: 300 });
      await timers.advance(100);
      expect(lastSignal()?.aborted).toBe(false);
      repetition.stop();
      expect(lastSignal()?.aborted).toBe(true);
      await timers.advance(5000);
      expect(starts).toEqual([0]);
      expect(timers.pendingCount).toBe(0);
    });
  });
});
