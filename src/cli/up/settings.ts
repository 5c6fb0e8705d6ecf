/** What each room is to be set to, from the configuration. */

import type { Config, RemoteInstanceConfig, TlsConfig } from '../../config/index.ts';
import type { InstanceSettings } from '../../discovery/index.ts';
import type { GatewaySettings, IntakeSettings } from '../../gateway/index.ts';
import { createPolicy } from '../../queueing/index.ts';
import { RoutingProfile } from '../../routing/index.ts';
import type { SchedulerParts } from '../../scheduler/index.ts';

export function schedulerParts(config: Config): Pick<SchedulerParts, 'policy' | 'profile' | 'settings'> {
  const { queue, retries, health, scrape } = config;
  return {
    policy: createPolicy(config.policy),
    profile: new RoutingProfile(config.routing),
    settings: {
      admission: { maxRequests: queue.maxRequests, maxTokens: queue.maxTokens },
      retries,
      health: {
        consecutiveFailures: health.passive.consecutiveFailures,
        baseEjectionMs: health.ejection.baseMs,
        maxEjectionMs: health.ejection.maxMs,
      },
      noInstanceWaitMs: queue.noInstanceWaitMs,
      reportStaleAfterMs: scrape.intervalMs * scrape.staleAfterIntervals,
    },
  };
}

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
  };
}

export function gatewaySettings({ limits, upstream }: Config): Partial<GatewaySettings> {
  const { firstByteTimeoutMs, idleTimeoutMs, pushBackMs, retriedStatuses, forwardsCredentials } = upstream;
  const { commentIntervalMs, maxBodyBytes } = limits;
  const relay = { firstByteTimeoutMs, idleTimeoutMs, pushBackMs, retriedStatuses, commentIntervalMs };
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
