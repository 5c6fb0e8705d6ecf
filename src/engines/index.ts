/** The inference engines: what each is called, where it tells of itself, and how it is watched. */

export type {
  AdapterSource,
  CapacitySource,
  EngineAdapter,
  EngineListing,
  EngineMetrics,
  EngineReading,
  EngineSign,
  MetricSelector,
  ShareSource,
  ShareUnit,
  StatusPage,
} from './adapter.ts';
export { ENGINE_ADAPTERS } from './adapters/index.ts';
export { createExpositionReader, type ExpositionReader, type Sample } from './exposition/index.ts';
export { authorizationHeaders, type PageAuthorization } from './pages/authorization.ts';
export {
  createPageClient,
  type PageClient,
  type PageClientOptions,
  type PageOutcome,
  type TlsSettings,
} from './pages/page-client.ts';
export { normaliseBaseUrl } from './pages/urls.ts';
export { checkExtraNames, type ExtraMetricNames, parseMetricSelector } from './reading/extra-metrics.ts';
export { createMetricsReader, type MetricsReader } from './reading/metrics-reader.ts';
export {
  type RecognisedEngine,
  type RecogniseOptions,
  type Recognition,
  recogniseEngine,
  type UnrecognisedEngine,
} from './recognition/index.ts';
export {
  type HealthCheck,
  type HealthStatus,
  type HealthVerdict,
  startHealthCheck,
} from './watching/health-check.ts';
export { DEFAULT_HEALTH_SETTINGS, type HealthSettings } from './watching/health-settings.ts';
export { createEngineReader, type ReadEngine } from './watching/read-engine.ts';
export { type Repetition, repeat, type Surroundings } from './watching/repeat.ts';
export { DEFAULT_SCRAPE_SETTINGS, type ScrapeSettings } from './watching/scrape-settings.ts';
export { type Scraper, type ScrapeStatus, startScraper } from './watching/scraper.ts';
export { SYSTEM_TIMERS, type Timers } from './watching/timers.ts';
