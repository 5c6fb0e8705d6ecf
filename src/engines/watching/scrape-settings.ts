/** How an instance's metrics are read. */

import type { PageAuthorization } from '../pages/authorization.ts';
import type { TlsSettings } from '../pages/page-client.ts';
import type { ExtraMetricNames } from '../reading/extra-metrics.ts';
import { DEFAULT_JITTER_SHARE } from './repeat.ts';

export interface ScrapeSettings {
  /** The default is `true`. */
  readonly enabled: boolean;
  /** From the start of one reading to the start of the next; the default is 1 s. */
  readonly intervalMs: number;
  /** By which share of itself each interval varies at random; the default is 0.1. */
  readonly jitterShare: number;
  /** After which a reading is given up; the default is 1 s. */
  readonly timeoutMs: number;
  /** The largest page that is read; the default is 4 MiB (an engine's page has some 60 kB). */
  readonly maxBytes: number;
  /** Instead of the engine's own path. */
  readonly path?: string;
  /** Instead of the URL's port. */
  readonly port?: number;
  /** The default is the instance's own key, unless `port` leads elsewhere. */
  readonly authorization?: PageAuthorization;
  /** The default is the instance's own. */
  readonly tls?: TlsSettings;
  readonly extraMetricNames?: ExtraMetricNames;
}

export const DEFAULT_SCRAPE_SETTINGS: ScrapeSettings = {
  enabled: true,
  intervalMs: 1000,
  jitterShare: DEFAULT_JITTER_SHARE,
  timeoutMs: 1000,
  maxBytes: 4 * 1024 * 1024,
};
