import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../domain/index.ts';
import { ManualTimers } from '../../engines/__fixtures__/manual-timers.ts';
import type { Heartbeat } from '../store/task-store.ts';
import { type KeeperOptions, startKeeper } from './keeper.ts';

const ALIVE: Heartbeat = { returned: [], isTakenOver: false };
const NO_COUNTS = { queued: 0, scheduled: 0, completed: 0, failed: 0, cancelled: 0 };

/** A keeper of a process whose heartbeat counts for 3 s, on timers that the test moves. */
function keeper(heartbeat: () => Promise<Heartbeat>, more: Partial<KeeperOptions> = {}) {
  const timers = new ManualTimers();
  const told: string[] = [];
  const pruned: number[] = [3, 2, 0];
  const started = startKeeper({
    store: {
      heartbeat,
      overdue: async () => [],
      prune: async () => pruned.shift() ?? 0,
      countByState: async () => NO_COUNTS,
      durability: { level: 'postgres', survives: '' },
    },
    settings: () => ({
      heartbeatMs: 3_000,
      retention: { maxFinishedTasks: 1, maxFinishedAgeMs: 1, batch: 1, intervalMs: 4_000 },
    }),
    surroundings: { clock: timers.clock, timers, random: seededRandom(1) },
    onSilent: () => told.push('silent'),
    onReturned: (tasks) => told.push(`returned ${tasks.length}`),
    onOverdue: async () => undefined,
    onFloor: async () => void told.push('floor'),
    onReconcile: async () => void told.push('reconcile'),
    onCounts: () => undefined,
    onStoreError: () => told.push('store error'),
    ...more,
  });
  return { timers, told, pruned, stop: started.stop };
}

describe('the heartbeat', () => {
  it('beats three times in the time for which it counts', async () => {
    let beats = 0;
    const { timers, told } = keeper(async () => {
      beats++;
      return ALIVE;
    });
    await timers.advance(2_900);
    expect(beats).toBe(3);
    expect(told).toEqual([]);
  });

  it('tells, once, that nobody has heard of us for so long that others will take over, before they do', async () => {
    const { timers, told } = keeper(() => new Promise(() => undefined));
    await timers.advance(2_300);
    expect(told).toEqual([]);
    await timers.advance(600);
    expect(told.filter((one) => one === 'silent')).toEqual(['silent']);
    await timers.advance(20_000);
    expect(told.filter((one) => one === 'silent')).toEqual(['silent']);
  });

  it('tells it also when the store fails rather than hangs', async () => {
    const { timers, told } = keeper(() => Promise.reject(new Error('no connection')));
    await timers.advance(2_900);
    expect(told).toContain('silent');
    expect(told).toContain('store error');
  });

  it('counts from when a beat was sent, not from when it was answered', async () => {
    let answer: ((beat: Heartbeat) => void) | undefined;
    const { timers, told } = keeper(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    await timers.advance(2_000);
    answer?.(ALIVE);
    await timers.advance(100);
    expect(told).toEqual([]);
    // The one that was answered was sent at 0, and the next one hangs.
    await timers.advance(800);
    expect(told).toEqual(['silent']);
  });

  it('begins anew when the store is back', async () => {
    let isDown = true;
    const { timers, told } = keeper(async () => {
      if (isDown) throw new Error('down');
      return ALIVE;
    });
    await timers.advance(3_000);
    isDown = false;
    await timers.advance(3_000);
    isDown = true;
    await timers.advance(4_000);
    expect(told.filter((one) => one === 'silent')).toEqual(['silent', 'silent']);
  });

  it('tells when others have taken over already, and what came back from the dead', async () => {
    const beats: Heartbeat[] = [{ returned: [{} as never, {} as never], isTakenOver: true }];
    const { timers, told } = keeper(async () => beats.shift() ?? ALIVE);
    await timers.advance(100);
    expect(told).toEqual(['silent', 'returned 2']);
  });
});

describe('what is done from time to time', () => {
  it('prunes until nothing is left to prune', async () => {
    const { timers, pruned } = keeper(async () => ALIVE);
    await timers.advance(4_500);
    expect(pruned).toEqual([]);
  });

  it('ends', async () => {
    const { timers, stop, told } = keeper(async () => ALIVE);
    stop();
    await timers.advance(60_000);
    expect(told).toEqual([]);
    expect(timers.pendingCount).toBe(0);
  });
});
