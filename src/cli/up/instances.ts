/** The instances that the configuration asks for: engines elsewhere, and simulated ones started here. */

import type { Config, SimulatedInstanceConfig } from '../../config/index.ts';
import type { InstanceSettings } from '../../discovery/index.ts';
import type { EmbeddedEngine, EmbeddedEngines } from './embedded-engines.ts';
import { remoteSettings } from './settings.ts';

/** Starts and stops simulated engines as needed, and returns what discovery is to watch. */
export async function wantedInstances(
  config: Config,
  embedded: EmbeddedEngines,
): Promise<InstanceSettings[]> {
  const simulated = config.instances.filter((instance) => instance.kind === 'simulated');
  const urls = await embedded.replace(simulated.map(embeddedEngine));
  return config.instances.map((instance) =>
    instance.kind === 'remote'
      ? remoteSettings(instance)
      : simulatedSettings(instance, urls.get(instance.id)!),
  );
}

function embeddedEngine(config: SimulatedInstanceConfig, index: number): EmbeddedEngine {
  const { id, profile, dialect, speed, models } = config;
  const [model] = models;
  return { id, profile, dialect, speed, seed: index + 1, ...(model !== undefined && { model }) };
}

function simulatedSettings(config: SimulatedInstanceConfig, url: string): InstanceSettings {
  const { kind: _kind, profile, speed: _speed, dialect, models: _models, ...facts } = config;
  const [, gpuType] = profile.split('@');
  return { ...facts, url, engine: dialect, ...(gpuType !== undefined && { gpuType: gpuType.toUpperCase() }) };
}
