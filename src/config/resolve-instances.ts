/** Each instance of the file made whole: defaults of the sections for all, secrets, ids, and simulated ones counted out. */

import type { InstanceConfig, RemoteInstanceConfig, SimulatedInstanceConfig } from './config.ts';
import type { ConfigPath } from './problem.ts';
import type { Resolution } from './resolution.ts';
import { given, resolveScrape, resolveTls } from './resolve-scrape.ts';
import type { ConfigFile, InstanceFile } from './schema/config-file.ts';
import { REMOTE_ONLY, SIMULATED_ONLY } from './schema/instances.ts';

export function resolveInstances(file: ConfigFile, resolution: Resolution): InstanceConfig[] {
  const placed = file.instances.flatMap((instance, index): Placed[] => {
    const path = ['instances', index];
    checkKind(instance, path, resolution);
    if (instance.url !== undefined) {
      return [{ path, instance: remote(instance, instance.url, file, path, resolution) }];
    }
    if (instance.simulate === undefined) return [];
    return simulated(instance, instance.simulate, file, resolution).map((one) => ({ path, instance: one }));
  });
  checkUnique(placed, resolution);
  return placed.map(({ instance }) => instance);
}

function checkKind(instance: InstanceFile, path: ConfigPath, resolution: Resolution): void {
  const isRemote = instance.url !== undefined;
  const isSimulated = instance.simulate !== undefined;
  if (isRemote === isSimulated) {
    const found = isRemote ? 'both' : 'neither';
    resolution.mistake({
      path: isRemote ? [...path, 'simulate'] : path,
      isAboutKey: isRemote,
      message: `instances[${path[1]}] needs url (an engine’s address) or simulate (a simulated engine), found ${found}`,
      found,
      allowed: 'url or simulate',
    });
    return;
  }
  const [foreign, needed] = isRemote ? [SIMULATED_ONLY, 'simulate'] : [REMOTE_ONLY, 'url'];
  for (const key of foreign) {
    if (instance[key] === undefined) continue;
    const message = `instances[${path[1]}].${key} means something only together with ${needed}`;
    resolution.mistake({
      path: [...path, key],
      isAboutKey: true,
      message,
      found: key,
      allowed: `${key} beside ${needed}`,
    });
  }
}

function remote(
  instance: InstanceFile,
  givenUrl: string,
  file: ConfigFile,
  path: ConfigPath,
  resolution: Resolution,
): RemoteInstanceConfig {
  const url = normaliseUrl(givenUrl);
  const apiKey = resolution.secret(instance, 'apiKey', path);
  const tls = instance.tls && resolveTls(instance.tls, [...path, 'tls'], resolution);
  return {
    kind: 'remote',
    ...traitsOf(instance),
    id: instance.id ?? idOfUrl(url),
    url,
    engine: instance.engine ?? 'auto',
    discoversModels: instance.models === undefined || instance.models.length === 0,
    ...(apiKey && { apiKey }),
    ...(tls && { tls }),
    health: given({ ...file.health.active, ...given(instance.health ?? {}) }),
    scrape: resolveScrape(instance, file, { path, apiKey, tls }, resolution),
    ...(instance.metricNames && { metricNames: given(instance.metricNames) }),
  };
}

function simulated(
  instance: InstanceFile,
  profile: string,
  file: ConfigFile,
  { names }: Resolution,
): SimulatedInstanceConfig[] {
  const facts = names.simulations.find(({ name }) => name === profile);
  if (facts === undefined) throw new RangeError(`simulate: the schema let the unknown "${profile}" pass`);
  const before = file.instances.slice(0, file.instances.indexOf(instance));
  const base = instance.id ?? `sim-${profile.replace('@', '-')}`;
  // Two entries of the same simulation without ids go on counting.
  const first = instance.id === undefined ? 1 + countOf(before, profile) : 1;
  const total = instance.count ?? 1;
  const isNumbered = instance.id === undefined || total > 1;
  return Array.from({ length: total }, (_, index) => ({
    kind: 'simulated',
    ...traitsOf({ ...instance, gpuCount: instance.gpuCount ?? facts.gpuCount }),
    id: isNumbered ? `${base}-${first + index}` : base,
    models: instance.models ?? [facts.model],
    gpuType: instance.gpuType ?? facts.gpuType,
    profile,
    speed: instance.speed ?? 1,
    dialect: instance.dialect ?? 'vllm',
  }));
}

function countOf(instances: readonly InstanceFile[], profile: string): number {
  return instances
    .filter(({ simulate, id }) => simulate === profile && id === undefined)
    .reduce((sum, { count }) => sum + (count ?? 1), 0);
}

function traitsOf(instance: InstanceFile) {
  const { parallel } = instance;
  return {
    models: instance.models ?? [],
    adapters: instance.adapters,
    role: instance.role,
    parallel,
    gpuCount: instance.gpuCount ?? parallel.tensor * parallel.pipeline * parallel.data,
    ...(instance.gpuType !== undefined && { gpuType: instance.gpuType }),
    ...(instance.usdPerHour !== undefined && { usdPerHour: instance.usdPerHour }),
    maxConcurrency: instance.maxConcurrency,
    maxPrefillTokens: instance.maxPrefillTokens ?? Number.POSITIVE_INFINITY,
    weight: instance.weight,
    labels: instance.labels,
  };
}

/** People write the address as their client takes it, with `/v1`; the engines' other endpoints lie beside it. */
function normaliseUrl(url: string): string {
  return new URL(url).href.replace(/\/+$/, '').replace(/\/v1$/, '').replace(/\/+$/, '');
}

function idOfUrl(url: string): string {
  const { host, pathname } = new URL(url);
  const bare = `${host}${pathname}`.replace(/\/+$/, '');
  return bare
    .replace(/[[\]]/g, '')
    .replace(/[^\w.:@-]+/g, '-')
    .slice(0, 128);
}

interface Placed {
  readonly path: ConfigPath;
  readonly instance: InstanceConfig;
}

function checkUnique(placed: readonly Placed[], resolution: Resolution): void {
  const firstOf = new Map<string, ConfigPath>();
  for (const { path, instance } of placed) {
    const facts = [...(instance.kind === 'remote' ? [['url', instance.url]] : []), ['id', instance.id]];
    for (const [key, value] of facts as [string, string][]) {
      const first = firstOf.get(`${key} ${value}`);
      if (first === undefined) {
        firstOf.set(`${key} ${value}`, path);
        continue;
      }
      const message = `instances[${path[1]}].${key} ${JSON.stringify(value)} is also that of instances[${first[1]}]`;
      resolution.mistake({
        path: [...path, key],
        message,
        found: JSON.stringify(value),
        allowed: `a different ${key} for each`,
      });
      // The same address makes the same id; once is enough.
      break;
    }
  }
}
