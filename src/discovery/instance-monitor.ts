/** Watches one instance: finds out what it is, reads its metrics, checks its health, and tells the fleet's sink. */

import { isDeepStrictEqual } from 'node:util';
import type { ExecutionInstance, FleetSink } from '../domain/index.ts';
import {
  normaliseBaseUrl,
  type Recognition,
  recogniseEngine,
  repeat,
  type Surroundings,
} from '../engines/index.ts';
import { lookUpDelayMs } from './back-off.ts';
import type { InstanceDescription, LookUpDescription } from './description.ts';
import { createEngineWatch, type EngineWatch, type WatchDefaults } from './engine-watch.ts';
import { createInstanceClients } from './instance-clients.ts';
import { type FoundEngine, type InstanceSettings, instanceOf } from './instance-settings.ts';

export interface MonitorOptions extends WatchDefaults {
  readonly sink: FleetSink;
  readonly surroundings: Surroundings;
  /** Between two look-ups of a known instance. */
  readonly relistIntervalMs: number;
  /** For each page of a look-up. */
  readonly lookUpTimeoutMs: number;
}

/** What a monitor hands to the one that takes over from it. */
export interface MonitorMemory {
  readonly found: FoundEngine | undefined;
  readonly published: ExecutionInstance | undefined;
  readonly verdict: InstanceDescription['health']['verdict'];
}

export interface InstanceMonitor {
  readonly settings: InstanceSettings;
  /** Resolves when the instance was looked at once, with or without success. */
  readonly firstLookUp: Promise<void>;
  /** Other facts of the same instance, watched the same way. */
  update(settings: InstanceSettings): void;
  describe(): InstanceDescription;
  memory(): MonitorMemory;
  stop(): Promise<void>;
}

export function startInstanceMonitor(
  initial: InstanceSettings,
  options: MonitorOptions,
  memory?: Partial<MonitorMemory>,
): InstanceMonitor {
  const { sink, surroundings } = options;
  const baseUrl = normaliseBaseUrl(initial.url);
  const clients = createInstanceClients(initial);
  const firstLookUp = Promise.withResolvers<void>();
  let settings = initial;
  let found = memory?.found;
  let published = memory?.published;
  let watch: EngineWatch | undefined;
  let failure: Extract<Recognition, { ok: false }> | undefined;
  let consecutiveFailures = 0;
  let foundAtMs: number | undefined;

  function publish(): void {
    const instance = instanceOf(settings, found);
    if (!instance) return;
    if (!isDeepStrictEqual(instance, published)) sink({ type: 'instance-added', instance });
    published = instance;
    watch ??= createEngineWatch(
      { instance, settings, clients, verdict: memory?.verdict, onHealthyAgain: () => lookUps.hurry() },
      options,
    );
  }

  async function lookUp(signal: AbortSignal): Promise<void> {
    const kind = settings.engine ?? found?.kind;
    const recognition = await recogniseEngine(baseUrl, {
      ...(kind && { kind }),
      client: clients.api,
      ...(clients.apiAuthorization && { authorization: clients.apiAuthorization }),
      timeoutMs: options.lookUpTimeoutMs,
      signal,
    });
    if (!signal.aborted) take(recognition);
    firstLookUp.resolve();
  }

  function take(recognition: Recognition): void {
    if (recognition.ok) {
      const { ok: _, ...engine } = recognition;
      // Asked by its name, an engine only says that it was; how it was recognised is worth keeping.
      found = { ...engine, evidence: found?.evidence ?? engine.evidence };
      foundAtMs = surroundings.clock.now();
      failure = undefined;
      consecutiveFailures = 0;
    } else {
      if (recognition.kind) found ??= { kind: recognition.kind, evidence: [] };
      failure = recognition;
      consecutiveFailures++;
    }
    publish();
  }

  function delayMs(): number {
    const isMissing = foundAtMs === undefined || instanceOf(settings, found) === undefined;
    return isMissing
      ? lookUpDelayMs(consecutiveFailures, failure?.isLoading ?? false)
      : options.relistIntervalMs;
  }

  function describeLookUp(): LookUpDescription {
    return {
      lastError: failure?.message,
      tried: failure?.tried ?? [],
      consecutiveFailures,
      ageMs: foundAtMs === undefined ? undefined : surroundings.clock.now() - foundAtMs,
    };
  }

  const lookUps = repeat(lookUp, { intervalMs: delayMs, firstDelayMs: 0 }, surroundings);
  publish();
  return {
    get settings() {
      return settings;
    },
    firstLookUp: firstLookUp.promise,
    update(next) {
      settings = next;
      publish();
      if (published && !instanceOf(next, found)) lookUps.hurry();
    },
    describe() {
      const instance = instanceOf(settings, found);
      return {
        id: settings.id,
        url: baseUrl,
        isKnown: instance !== undefined,
        engine: instance?.engine ?? found?.kind,
        engineVersion: found?.version,
        evidence: found?.evidence ?? [],
        models: instance?.models ?? [],
        adapters: instance?.adapters ?? [],
        maxContextTokens: found?.maxContextTokens,
        lookUp: describeLookUp(),
        ...(watch?.describe() ?? NOT_WATCHED),
      };
    },
    memory: () => ({ found, published, verdict: watch?.describe().health.verdict ?? 'starting' }),
    async stop() {
      lookUps.stop();
      watch?.stop();
      firstLookUp.resolve();
      await clients.close();
    },
  };
}

const NOT_WATCHED: Pick<InstanceDescription, 'scrape' | 'health'> = {
  scrape: {
    isActive: false,
    lastReport: undefined,
    ageMs: undefined,
    lastError: undefined,
    lastErrorAgeMs: undefined,
    consecutiveFailures: 0,
  },
  health: { verdict: 'starting', lastError: undefined, ageMs: undefined, consecutiveFailures: 0 },
};
