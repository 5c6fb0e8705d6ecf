/** Reads one instance's metrics on its own interval and tells what it read. */

import type { InstanceReport } from '../../domain/index.ts';
import { isEmptyReading } from '../reading/metrics-reader.ts';
import type { ReadEngine } from './read-engine.ts';
import { repeat, type Surroundings } from './repeat.ts';

export interface ScrapeStatus {
  readonly lastReport: InstanceReport | undefined;
  /** What went wrong at the last attempt; also set when only a part of the pages could be read. */
  readonly lastError: string | undefined;
  readonly lastErrorAtMs: number | undefined;
  /** Attempts since the last one that read anything. */
  readonly consecutiveFailures: number;
}

export interface Scraper {
  status(): ScrapeStatus;
  stop(): void;
}

export interface ScraperOptions {
  readonly instanceId: string;
  readonly intervalMs: number;
  readonly jitterShare?: number;
  readonly read: ReadEngine;
  readonly onReport: (report: InstanceReport) => void;
}

/** The first readings of a fleet are spread over this share of the interval. */
const FIRST_WAIT = 0.1;

/** Starts at once. A reading that fails leaves the last report as it is, growing old. */
export function startScraper(options: ScraperOptions, surroundings: Surroundings): Scraper {
  const { clock, random } = surroundings;
  let status: ScrapeStatus = {
    lastReport: undefined,
    lastError: undefined,
    lastErrorAtMs: undefined,
    consecutiveFailures: 0,
  };

  async function scrape(signal: AbortSignal): Promise<void> {
    // The moment of asking: what is dispatched from now on the engine may not have counted yet.
    const atMs = clock.now();
    const { reading, problems } = await options.read(signal);
    if (signal.aborted) return;
    const error =
      problems.length === 0
        ? { lastError: undefined, lastErrorAtMs: status.lastErrorAtMs }
        : { lastError: problems.join('; '), lastErrorAtMs: clock.now() };
    if (isEmptyReading(reading)) {
      status = { ...status, ...error, consecutiveFailures: status.consecutiveFailures + 1 };
      return;
    }
    const lastReport = { instanceId: options.instanceId, atMs, ...reading };
    status = { lastReport, ...error, consecutiveFailures: 0 };
    options.onReport(lastReport);
  }

  const rhythm = {
    ...options,
    intervalMs: () => options.intervalMs,
    firstDelayMs: options.intervalMs * FIRST_WAIT * random.next(),
  };
  const repetition = repeat(scrape, rhythm, surroundings);
  return { status: () => status, stop: () => repetition.stop() };
}
