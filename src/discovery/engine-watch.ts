/** The two loops that run beside a known engine: its metrics and its health. */

import type { ExecutionInstance, FleetSink } from '../domain/index.ts';
import {
  createEngineReader,
  DEFAULT_HEALTH_SETTINGS,
  DEFAULT_SCRAPE_SETTINGS,
  ENGINE_ADAPTERS,
  type HealthSettings,
  type HealthVerdict,
  type Scraper,
  type ScrapeSettings,
  type Surroundings,
  startHealthCheck,
  startScraper,
} from '../engines/index.ts';
import type { HealthDescription, InstanceDescription, ScrapeDescription } from './description.ts';
import type { InstanceClients } from './instance-clients.ts';
import type { InstanceSettings } from './instance-settings.ts';

/** What holds for every instance that says nothing else. */
export interface WatchDefaults {
  readonly scrape?: Partial<Omit<ScrapeSettings, 'port' | 'authorization' | 'tls'>>;
  readonly health?: Partial<HealthSettings>;
}

export interface EngineWatch {
  describe(): Pick<InstanceDescription, 'scrape' | 'health'>;
  stop(): void;
}

export interface EngineWatchSubject {
  readonly instance: ExecutionInstance;
  readonly settings: InstanceSettings;
  readonly clients: InstanceClients;
  readonly verdict: HealthVerdict | undefined;
  /** It was down and is back: perhaps restarted with other models. */
  readonly onHealthyAgain: () => void;
}

export function createEngineWatch(
  subject: EngineWatchSubject,
  options: WatchDefaults & { readonly sink: FleetSink; readonly surroundings: Surroundings },
): EngineWatch {
  const { surroundings } = options;
  const scraper = watchMetrics(subject, options);
  const health = watchHealth(subject, options);
  const ageOf = (atMs: number | undefined) =>
    atMs === undefined ? undefined : surroundings.clock.now() - atMs;

  function describeScrape(): ScrapeDescription {
    const status = scraper?.status();
    return {
      isActive: scraper !== undefined,
      lastReport: status?.lastReport,
      ageMs: ageOf(status?.lastReport?.atMs),
      lastError: status?.lastError,
      lastErrorAgeMs: ageOf(status?.lastErrorAtMs),
      consecutiveFailures: status?.consecutiveFailures ?? 0,
    };
  }

  function describeHealth(): HealthDescription {
    const { lastCheckAtMs, ...status } = health.status();
    return { ...status, ageMs: ageOf(lastCheckAtMs) };
  }

  return {
    describe: () => ({ scrape: describeScrape(), health: describeHealth() }),
    stop() {
      scraper?.stop();
      health.stop();
    },
  };
}

type WatchOptions = Parameters<typeof createEngineWatch>[1];

function watchMetrics(
  { instance, settings, clients }: EngineWatchSubject,
  options: WatchOptions,
): Scraper | undefined {
  const scrape = {
    ...DEFAULT_SCRAPE_SETTINGS,
    ...options.scrape,
    ...settings.scrape,
    ...(clients.scrapeAuthorization && { authorization: clients.scrapeAuthorization }),
  };
  if (!scrape.enabled) return undefined;
  const read = createEngineReader(ENGINE_ADAPTERS[instance.engine], instance.url, clients.scrape, scrape);
  if (!read) return undefined;
  return startScraper(
    {
      instanceId: instance.id,
      intervalMs: scrape.intervalMs,
      jitterShare: scrape.jitterShare,
      read,
      onReport: (report) => options.sink({ type: 'instance-reported', report }),
    },
    options.surroundings,
  );
}

function watchHealth(subject: EngineWatchSubject, options: WatchOptions) {
  const { instance, settings, clients } = subject;
  let wasUnhealthy = false;
  return startHealthCheck(
    {
      adapter: ENGINE_ADAPTERS[instance.engine],
      baseUrl: instance.url,
      client: clients.api,
      ...(clients.apiAuthorization && { authorization: clients.apiAuthorization }),
      settings: { ...DEFAULT_HEALTH_SETTINGS, ...options.health, ...settings.health },
      ...(subject.verdict && { verdict: subject.verdict }),
      onVerdict(isHealthy, detail) {
        options.sink({
          type: 'instance-health',
          instanceId: instance.id,
          isHealthy,
          ...(detail !== undefined && { detail }),
        });
        if (isHealthy && wasUnhealthy) subject.onHealthyAgain();
        wasUnhealthy = !isHealthy;
      },
    },
    options.surroundings,
  );
}
