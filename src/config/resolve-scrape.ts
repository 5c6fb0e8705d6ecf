/** How one instance's metrics are read: what holds for all, what it says otherwise, and with which credentials. */

import type { CredentialsConfig, InstanceScrapeConfig, TlsConfig } from './config.ts';
import { type ConfigPath, formatPath } from './problem.ts';
import type { Resolution } from './resolution.ts';
import type { ConfigFile, InstanceFile } from './schema/config-file.ts';
import type { Secret } from './secret.ts';

export function resolveScrape(
  instance: InstanceFile,
  file: ConfigFile,
  inherited: { path: ConfigPath; apiKey: Secret | undefined; tls: TlsConfig | undefined },
  resolution: Resolution,
): InstanceScrapeConfig {
  const { auth, tls: ownTls, ...overrides } = instance.scrape ?? {};
  const path = [...inherited.path, 'scrape'];
  const tls = ownTls ? resolveTls(ownTls, [...path, 'tls'], resolution) : inherited.tls;
  const own = auth && resolveCredentials(auth, [...path, 'auth'], resolution);
  // The engine's key goes to the engine, not to whatever else may listen on another port.
  const mayInherit = auth === undefined && inherited.apiKey !== undefined && overrides.port === undefined;
  const credentials = mayInherit ? ({ type: 'bearer', token: inherited.apiKey as Secret } as const) : own;
  return {
    ...given({ ...file.scrape, ...given(overrides) }),
    ...(credentials && { credentials }),
    ...(tls && { tls }),
  };
}

type ScrapeAuthFile = NonNullable<NonNullable<InstanceFile['scrape']>['auth']>;

function resolveCredentials(
  auth: ScrapeAuthFile,
  path: ConfigPath,
  resolution: Resolution,
): CredentialsConfig | undefined {
  const { basic, bearer } = auth;
  if (basic === undefined && bearer === undefined) {
    const message = `${formatPath(path)} needs basic or bearer`;
    resolution.mistake({ path, message, found: 'neither', allowed: 'basic or bearer' });
    return undefined;
  }
  if (basic !== undefined && bearer !== undefined) {
    const message = `${formatPath(path)} has both basic and bearer; one of them is allowed`;
    resolution.mistake({ path: [...path, 'bearer'], isAboutKey: true, message, allowed: 'only one of them' });
  }
  const findingsBefore = resolution.findings.length;
  const type = basic === undefined ? 'bearer' : 'basic';
  const name = basic === undefined ? 'token' : 'password';
  const secret = basic
    ? resolution.secret(basic, 'password', [...path, 'basic'])
    : resolution.secret(bearer ?? {}, 'token', [...path, 'bearer']);
  if (secret !== undefined) {
    return basic
      ? { type: 'basic', username: basic.username, password: secret }
      : { type: 'bearer', token: secret };
  }
  if (resolution.findings.length === findingsBefore) {
    const allowed = `${name}, ${name}_env or ${name}_file`;
    const message = `${formatPath([...path, type])} needs ${allowed}`;
    resolution.mistake({ path: [...path, type], isAboutKey: true, message, found: 'nothing', allowed });
  }
  return undefined;
}

export function resolveTls(
  tls: NonNullable<InstanceFile['tls']>,
  path: ConfigPath,
  resolution: Resolution,
): TlsConfig {
  const ca = resolution.secret(tls, 'ca', path);
  const cert = resolution.secret(tls, 'cert', path);
  const key = resolution.secret(tls, 'key', path);
  return {
    rejectUnauthorized: tls.rejectUnauthorized,
    ...(ca && { ca: ca.reveal() }),
    ...(cert && { cert: cert.reveal() }),
    ...(key && { key }),
    ...(tls.servername !== undefined && { servername: tls.servername }),
  };
}

/** What is there, without the keys that hold `undefined`. */
export function given<Section extends object>(
  section: Section,
): { [Key in keyof Section]: Exclude<Section[Key], undefined> } {
  const entries = Object.entries(section).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof Section]: Exclude<Section[Key], undefined> };
}
