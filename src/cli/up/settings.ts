/** What each room is to be set to, from the configuration. */

import type { Config, RemoteInstanceConfig, TlsConfig } from '../../config/index.ts';
import type { InstanceSettings } from '../../discovery/index.ts';
import type { GatewaySettings, IntakeSettings } from '../../gateway/index.ts';

export function intakeSettings({
  auth,
  aliases,
  models,
  limits,
  hints,
  tokenEstimate,
}: Config): IntakeSettings {
  return {
    keys: auth.keys,
    aliases,
    modelDefaults: models,
    maxBodyBytes: limits.maxBodyBytes,
    hints,
    estimate: tokenEstimate,
    hashesPrompts: true,
  };
}

export function gatewaySettings({ limits, upstream, hints }: Config): Partial<GatewaySettings> {
  const { firstByteTimeoutMs, idleTimeoutMs, pushBackMs, retriedStatuses, forwardsCredentials } = upstream;
  const { commentIntervalMs, maxBodyBytes } = limits;
  // Where callers' headers are overlooked, the one that asks for the reason is, too.
  const isAskedInVain = hints.reasonHeader === 'on-request' && !hints.trustHeaders;
  const reasonHeader = isAskedInVain ? 'off' : hints.reasonHeader;
  const timeouts = { firstByteTimeoutMs, idleTimeoutMs, pushBackMs, commentIntervalMs };
  const relay = { ...timeouts, retriedStatuses, reasonHeader };
  return { maxBodyBytes, forwardsCredentials, relay };
}

/** An engine at an address, as discovery wants it. */
export function remoteSettings(config: RemoteInstanceConfig): InstanceSettings {
  const {
    kind: _kind,
    engine,
    models,
    discoversModels,
    apiKey,
    tls,
    scrape,
    health,
    metricNames,
    ...facts
  } = config;
  const { credentials, staleAfterIntervals: _stale, tls: scrapeTls, ...scrapeSettings } = scrape;
  return {
    ...facts,
    ...(engine !== 'auto' && { engine }),
    ...(!discoversModels && { models }),
    ...(apiKey !== undefined && { apiKey: apiKey.reveal() }),
    ...(tls !== undefined && { tls: tlsSettings(tls) }),
    health,
    scrape: {
      ...scrapeSettings,
      ...(metricNames !== undefined && { extraMetricNames: metricNames }),
      ...(scrapeTls !== undefined && { tls: tlsSettings(scrapeTls) }),
      ...(credentials !== undefined && { authorization: revealed(credentials) }),
    },
  };
}

function revealed(credentials: NonNullable<RemoteInstanceConfig['scrape']['credentials']>) {
  if (credentials.type === 'bearer') return { type: 'bearer' as const, token: credentials.token.reveal() };
  const { username, password } = credentials;
  return { type: 'basic' as const, username, password: password.reveal() };
}

function tlsSettings({ key, ...rest }: TlsConfig) {
  return { ...rest, ...(key !== undefined && { key: key.reveal() }) };
}
