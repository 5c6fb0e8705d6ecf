/** One reading of an engine, from its metrics page and its status pages together. */

import type { EngineAdapter, EngineReading, StatusPage } from '../adapter.ts';
import { authorizationHeaders } from '../pages/authorization.ts';
import { createFirstExisting, MISSING_PAGE_STATUSES } from '../pages/first-existing.ts';
import type { PageClient, PageFailure, PageOutcome } from '../pages/page-client.ts';
import { pageUrl } from '../pages/urls.ts';
import { hasExtraNames, withExtraNames } from '../reading/extra-metrics.ts';
import { createMetricsReader, isEmptyReading, mergeReadings } from '../reading/metrics-reader.ts';
import type { ScrapeSettings } from './scrape-settings.ts';

export interface ReadingOutcome {
  /** Empty when nothing could be read. */
  readonly reading: EngineReading;
  /** What went wrong with any of the pages, in words. */
  readonly problems: readonly string[];
}

export type ReadEngine = (signal: AbortSignal) => Promise<ReadingOutcome>;

/** How to read such an engine, or `undefined` when there is nothing to be read of it. */
export function createEngineReader(
  adapter: EngineAdapter,
  baseUrl: string,
  client: PageClient,
  settings: ScrapeSettings,
): ReadEngine | undefined {
  const extra = settings.extraMetricNames ?? {};
  const metricsPaths = pathsOf(adapter, settings);
  if (metricsPaths.length === 0 && adapter.statusPages.length === 0) return undefined;
  const readMetrics = createMetricsReader(withExtraNames(adapter.metrics, extra));
  const getFirstExisting = createFirstExisting(metricsPaths);
  const headers = authorizationHeaders(settings.authorization);

  function get(path: string, signal: AbortSignal): Promise<PageOutcome> {
    const { timeoutMs, maxBytes, port } = settings;
    return client.get({ url: pageUrl(baseUrl, path, port), timeoutMs, maxBytes, headers, signal });
  }

  async function readMetricsPage(signal: AbortSignal): Promise<ReadingOutcome> {
    const outcome = await getFirstExisting((path) => get(path, signal));
    if (!outcome) return { reading: {}, problems: [] };
    if (!outcome.ok) return { reading: {}, problems: [withHint(outcome)] };
    const reading = readMetrics(outcome.body);
    return isEmptyReading(reading)
      ? { reading, problems: [`${outcome.url} has none of ${adapter.title}'s metrics`] }
      : { reading, problems: [] };
  }

  function withHint({ message, status }: PageFailure): string {
    const isMissing = status !== undefined && MISSING_PAGE_STATUSES.has(status);
    return isMissing && adapter.metricsHint ? `${message} (${adapter.metricsHint})` : message;
  }

  async function readStatusPage(page: StatusPage, signal: AbortSignal): Promise<ReadingOutcome> {
    const outcome = await get(page.path, signal);
    if (!outcome.ok) return { reading: {}, problems: [outcome.message] };
    const reading = page.read(parseJson(outcome.body));
    return { reading, problems: isEmptyReading(reading) ? [`${outcome.url} is not as expected`] : [] };
  }

  return async function readEngine(signal) {
    const outcomes = await Promise.all([
      readMetricsPage(signal),
      ...adapter.statusPages.map((page) => readStatusPage(page, signal)),
    ]);
    return {
      reading: outcomes.map(({ reading }) => reading).reduce(mergeReadings),
      problems: outcomes.flatMap(({ problems }) => problems),
    };
  };
}

function pathsOf(adapter: EngineAdapter, settings: ScrapeSettings): readonly string[] {
  if (settings.path !== undefined) return [settings.path];
  if (adapter.metricsPaths.length > 0) return adapter.metricsPaths;
  return hasExtraNames(settings.extraMetricNames ?? {}) ? ['/metrics'] : [];
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    // What is no JSON reads as an empty page, which the caller reports.
    return undefined;
  }
}
