/** The instances that are wanted, each watched, and all that is learnt of them told to one sink. */

import { isDeepStrictEqual } from 'node:util';
import type { Clock, FleetSink, Random } from '../domain/index.ts';
import { checkExtraNames, normaliseBaseUrl, SYSTEM_TIMERS, type Timers } from '../engines/index.ts';
import type { InstanceDescription } from './description.ts';
import type { WatchDefaults } from './engine-watch.ts';
import { type InstanceMonitor, type MonitorOptions, startInstanceMonitor } from './instance-monitor.ts';
import type { InstanceSettings } from './instance-settings.ts';

export interface FleetOptions extends WatchDefaults {
  readonly sink: FleetSink;
  readonly clock: Clock;
  readonly random: Random;
  /** The default is the system's. */
  readonly timers?: Timers;
  /** How often a known engine is asked again what it serves; the default is 60 s. */
  readonly relistIntervalMs?: number;
  /** After which a page of a look-up is given up; the default is 2 s. */
  readonly lookUpTimeoutMs?: number;
}

export interface Fleet {
  /**
   * Makes these the wanted instances: new ones are looked up and watched, missing ones are removed, changed ones
   * change in place.
   * @throws TypeError when two have the same id, or a URL or a metric's name is none; then nothing has changed
   */
  replace(wanted: readonly InstanceSettings[]): void;
  describe(): readonly InstanceDescription[];
  /** Resolves when each of the present instances was looked at once, with or without success. */
  lookedAt(): Promise<void>;
  /** Stops all watching; the sink hears nothing more. */
  close(): Promise<void>;
}

export function createFleet(options: FleetOptions): Fleet {
  const { sink } = options;
  const monitors = new Map<string, InstanceMonitor>();
  const stopping = new Set<Promise<void>>();
  const monitorOptions: MonitorOptions = {
    ...options,
    surroundings: {
      clock: options.clock,
      random: options.random,
      timers: options.timers ?? SYSTEM_TIMERS,
    },
    relistIntervalMs: options.relistIntervalMs ?? 60_000,
    lookUpTimeoutMs: options.lookUpTimeoutMs ?? 2000,
  };

  function stop(monitor: InstanceMonitor): void {
    const stopped = monitor.stop().finally(() => stopping.delete(stopped));
    stopping.add(stopped);
  }

  function remove(id: string, monitor: InstanceMonitor): void {
    stop(monitor);
    monitors.delete(id);
    if (monitor.memory().published) sink({ type: 'instance-removed', instanceId: id });
  }

  function change(monitor: InstanceMonitor, settings: InstanceSettings): void {
    if (isDeepStrictEqual(monitor.settings, settings)) return;
    if (isDeepStrictEqual(watchedThrough(monitor.settings), watchedThrough(settings))) {
      monitor.update(settings);
      return;
    }
    const memory = monitor.memory();
    stop(monitor);
    const isSameEngine =
      normaliseBaseUrl(monitor.settings.url) === normaliseBaseUrl(settings.url) &&
      monitor.settings.engine === settings.engine;
    if (!isSameEngine && memory.published) {
      const detail = `moved to ${settings.url}, not checked there yet`;
      sink({ type: 'instance-health', instanceId: settings.id, isHealthy: false, detail });
    }
    const kept = isSameEngine ? memory : { published: memory.published };
    monitors.set(settings.id, startInstanceMonitor(settings, monitorOptions, kept));
  }

  return {
    replace(wanted) {
      const byId = checked(wanted);
      for (const [id, monitor] of [...monitors]) if (!byId.has(id)) remove(id, monitor);
      for (const [id, settings] of byId) {
        const monitor = monitors.get(id);
        if (monitor) change(monitor, settings);
        else monitors.set(id, startInstanceMonitor(settings, monitorOptions));
      }
    },
    describe: () => [...monitors.values()].map((monitor) => monitor.describe()),
    async lookedAt() {
      await Promise.all([...monitors.values()].map((monitor) => monitor.firstLookUp));
    },
    async close() {
      for (const monitor of monitors.values()) stop(monitor);
      monitors.clear();
      await Promise.all(stopping);
    },
  };
}

/** What a monitor is built on; when any of it changes another one takes its place. */
function watchedThrough({ url, engine, apiKey, tls, scrape, health }: InstanceSettings) {
  return { url, engine, apiKey, tls, scrape, health };
}

function checked(wanted: readonly InstanceSettings[]): ReadonlyMap<string, InstanceSettings> {
  const byId = new Map<string, InstanceSettings>();
  for (const settings of wanted) {
    normaliseBaseUrl(settings.url);
    checkExtraNames(settings.scrape?.extraMetricNames ?? {});
    const twin = byId.get(settings.id);
    if (twin) {
      throw new TypeError(
        `instance id "${settings.id}" is used twice, for ${twin.url} and ${settings.url}; each needs its own`,
      );
    }
    byId.set(settings.id, settings);
  }
  return byId;
}
