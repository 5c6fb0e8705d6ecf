/** What is done from time to time: saying that this process lives, ending what took too long, looking after what others left, deleting what is old. */

import type { Clock } from '../../domain/index.ts';
import { type Repetition, repeat, type Surroundings } from '../../engines/index.ts';
import type { PruneLimits, TaskStore } from '../store/task-store.ts';
import type { TaskState, TaskSummary } from '../task.ts';

export interface KeeperSettings {
  readonly heartbeatMs: number;
  readonly retention: PruneLimits & { readonly intervalMs: number };
}

export interface KeeperOptions {
  readonly store: Pick<TaskStore, 'heartbeat' | 'overdue' | 'prune' | 'countByState' | 'durability'>;
  readonly settings: () => KeeperSettings;
  readonly surroundings: Surroundings;
  /** We were silent for so long that others may run what runs here. */
  readonly onSilent: () => void;
  /** Tasks of processes that died are in the queue again. */
  readonly onReturned: (tasks: readonly TaskSummary[]) => void;
  readonly onOverdue: (task: TaskSummary) => Promise<void>;
  /** The slow floor, should some event have been missed. */
  readonly onFloor: () => Promise<void>;
  /** Only where several processes share the store. */
  readonly onReconcile: () => Promise<void>;
  readonly onCounts: (counts: Readonly<Record<TaskState, number>>) => void;
  readonly onStoreError: (error: unknown) => void;
}

export interface Keeper {
  stop(): void;
}

const BEATS_PER_HEARTBEAT = 3;
/** From here on, of the time after which others take over, nothing runs here any more: before they begin. */
const SILENT_SHARE = 0.8;
const OVERDUE_INTERVAL_MS = 1_000;
const MAX_OVERDUE = 200;
const FLOOR_INTERVAL_MS = 5_000;
const RECONCILE_INTERVAL_MS = 10_000;

export function startKeeper(options: KeeperOptions): Keeper {
  const { store, settings, surroundings } = options;
  const beating = startHeartbeat(options);
  const safely = (work: () => Promise<void>) => async (): Promise<void> => {
    try {
      await work();
    } catch (error) {
      options.onStoreError(error);
    }
  };
  const every = (intervalMs: () => number, work: () => Promise<void>): Repetition =>
    repeat(safely(work), { intervalMs, firstDelayMs: intervalMs() }, surroundings);

  async function endOverdue(): Promise<void> {
    const overdue = await store.overdue(MAX_OVERDUE);
    await Promise.all(overdue.map(options.onOverdue));
  }

  async function prune(): Promise<void> {
    const { intervalMs: _interval, ...limits } = settings().retention;
    while ((await store.prune(limits)) > 0 && !isStopped);
  }

  async function floor(): Promise<void> {
    await options.onFloor();
    options.onCounts(await store.countByState());
  }

  let isStopped = false;
  const repetitions = [
    every(() => OVERDUE_INTERVAL_MS, endOverdue),
    every(() => FLOOR_INTERVAL_MS, floor),
    every(() => settings().retention.intervalMs, prune),
    ...(store.durability.level === 'postgres'
      ? [every(() => RECONCILE_INTERVAL_MS, options.onReconcile)]
      : []),
  ];
  return {
    stop() {
      isStopped = true;
      beating.stop();
      for (const repetition of repetitions) repetition.stop();
    },
  };
}

function startHeartbeat(options: KeeperOptions): Repetition {
  const { store, settings, surroundings } = options;
  const { clock } = surroundings;
  const fence = createFence(clock, options);
  const beatMs = (): number => settings().heartbeatMs / BEATS_PER_HEARTBEAT;
  let isStopped = false;
  const watching = repeat(
    async () => fence.look(),
    { intervalMs: () => beatMs() / 2, firstDelayMs: beatMs() / 2, jitterShare: 0 },
    surroundings,
  );

  async function beat(): Promise<void> {
    const beganMs = clock.now();
    try {
      const { returned, isTakenOver } = await store.heartbeat();
      if (isStopped) return;
      // What was stored is at least as old as the call.
      if (isTakenOver) options.onSilent();
      fence.beaten(beganMs);
      if (returned.length > 0) options.onReturned(returned);
    } catch (error) {
      if (!isStopped) options.onStoreError(error);
    }
  }

  const beating = repeat(beat, { intervalMs: beatMs, firstDelayMs: 0, jitterShare: 0 }, surroundings);
  return {
    hurry: () => beating.hurry(),
    stop() {
      isStopped = true;
      watching.stop();
      beating.stop();
    },
  };
}

/** Notices that nobody has heard of this process for nearly as long as the others wait. */
function createFence(clock: Clock, { settings, onSilent }: KeeperOptions) {
  let lastMs = clock.now();
  let isSilent = false;
  const look = (): void => {
    if (isSilent || clock.now() - lastMs < settings().heartbeatMs * SILENT_SHARE) return;
    isSilent = true;
    onSilent();
  };
  return {
    look,
    beaten(atMs: number) {
      look();
      lastMs = atMs;
      isSilent = false;
    },
  };
}
