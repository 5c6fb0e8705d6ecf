/** The connections to one instance: one client for its API and, where its metrics want other TLS, another for these. */

import { createPageClient, type PageAuthorization, type PageClient } from '../engines/index.ts';
import type { InstanceSettings } from './instance-settings.ts';

export interface InstanceClients {
  readonly api: PageClient;
  readonly apiAuthorization: PageAuthorization | undefined;
  readonly scrape: PageClient;
  readonly scrapeAuthorization: PageAuthorization | undefined;
  close(): Promise<void>;
}

export function createInstanceClients({ apiKey, tls, scrape = {} }: InstanceSettings): InstanceClients {
  const api = createPageClient(tls && { tls });
  const own = scrape.tls && createPageClient({ tls: scrape.tls });
  const apiAuthorization: PageAuthorization | undefined =
    apiKey === undefined ? undefined : { type: 'bearer', token: apiKey };
  // What listens on another port may be somebody else, who must not see the key.
  const inherited = scrape.port === undefined ? apiAuthorization : undefined;
  return {
    api,
    apiAuthorization,
    scrape: own ?? api,
    scrapeAuthorization: scrape.authorization ?? inherited,
    async close() {
      await Promise.all([api.close(), own?.close()]);
    },
  };
}
