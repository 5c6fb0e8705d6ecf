/** From what the file says to what the house runs on; mistakes that only show between fields are found here. */

import type { ApiKeyConfig, Config, InstanceConfig } from './config.ts';
import type { Resolution } from './resolution.ts';
import { resolveAliases, servedNames } from './resolve-aliases.ts';
import { resolveInstances } from './resolve-instances.ts';
import { resolveListeners } from './resolve-listeners.ts';
import { resolvePrediction } from './resolve-prediction.ts';
import { resolvePolicy, resolveRouting } from './resolve-scheduling.ts';
import { resolveTasks } from './resolve-tasks.ts';
import type { ConfigFile } from './schema/config-file.ts';
import { listNames, suggest } from './suggest.ts';

/** The name that decisions show for a profile written out in the file. */
export const CUSTOM_PROFILE = 'custom';

export function resolveConfig(file: ConfigFile, resolution: Resolution): Config {
  const {
    $schema,
    seed,
    listeners,
    instances: _instances,
    aliases,
    policy,
    routing,
    prediction: _prediction,
    auth,
    f5: _f5,
    tasks: _tasks,
    pipelines,
    ...asInFile
  } = file;
  const instances = resolveInstances(file, resolution);
  if (
    instances.length === 0 &&
    file.instances.length === 0 &&
    file.f5 === undefined &&
    pipelines === undefined
  ) {
    resolution.warn({ path: ['instances'], message: 'no instances are configured' });
  }
  checkEjection(file, resolution);
  checkModelNames(file, instances, resolution);
  return deepFreeze({
    ...asInFile,
    listeners: resolveListeners(file, resolution),
    instances,
    aliases: resolveAliases(file, instances, resolution),
    policy: resolvePolicy(file, resolution),
    routing: resolveRouting(file, resolution),
    prediction: resolvePrediction(file, resolution),
    auth: { keys: resolveKeys(file, resolution) },
    tasks: resolveTasks(file, resolution),
    ...resolveF5(file, resolution),
    ...(pipelines !== undefined && { pipelines }),
    ...(seed !== undefined && { seed }),
  });
}

function resolveF5({ f5 }: ConfigFile, resolution: Resolution): Pick<Config, 'f5'> {
  if (f5 === undefined) return {};
  const { file, settings, listener } = f5;
  if (file !== undefined && settings !== undefined) {
    const message = 'f5.file and f5.settings are both given; one of them is allowed';
    resolution.mistake({ path: ['f5', 'settings'], isAboutKey: true, message, allowed: 'only one of them' });
  }
  if (file === undefined && settings === undefined) {
    const message = 'f5 has neither file nor settings, so there is no select API';
    resolution.warn({ path: ['f5'], isAboutKey: true, message });
    return {};
  }
  return { f5: { listener, ...(file !== undefined && { file }), ...(settings && { settings }) } };
}

function resolveKeys({ auth }: ConfigFile, resolution: Resolution): Record<string, ApiKeyConfig> {
  const firstWith = new Map<string, string>();
  const keys = Object.entries(auth.keys).map(([name, key]): [string, ApiKeyConfig] => {
    const sha256 = key.sha256.toLowerCase();
    const first = firstWith.get(sha256);
    if (first !== undefined) {
      const message = `the API keys ${JSON.stringify(first)} and ${JSON.stringify(name)} are the same key`;
      resolution.mistake({ path: ['auth', 'keys', name, 'sha256'], message, allowed: 'a key for each name' });
    }
    firstWith.set(sha256, name);
    const { tenant = name, models, maxPriority } = key;
    return [name, { sha256, tenant, maxPriority, ...(models && { models }) }];
  });
  return Object.fromEntries(keys);
}

function checkEjection({ health }: ConfigFile, resolution: Resolution): void {
  const { baseMs, maxMs } = health.ejection;
  if (maxMs >= baseMs) return;
  resolution.mistake({
    path: ['health', 'ejection', 'maxMs'],
    message: `health.ejection.maxMs must be at least baseMs (${baseMs}), found ${maxMs}`,
    found: String(maxMs),
    allowed: `a whole number of milliseconds of at least ${baseMs}`,
  });
}

/** Settings and keys that name a model nobody serves do no harm, but are hardly meant. */
function checkModelNames(
  file: ConfigFile,
  instances: readonly InstanceConfig[],
  resolution: Resolution,
): void {
  const { names, isComplete } = servedNames(file, instances);
  if (!isComplete) return;
  const known = [...names, ...Object.keys(file.aliases)];
  const settings = Object.keys(file.models).map((model) => ({
    model,
    path: ['models', model],
    isAboutKey: true,
  }));
  const allowed = Object.entries(file.auth.keys).flatMap(([name, key]) =>
    (key.models ?? []).map((model, index) => ({
      model,
      path: ['auth', 'keys', name, 'models', index],
      isAboutKey: false,
    })),
  );
  for (const { model, path, isAboutKey } of [...settings, ...allowed]) {
    if (names.has(model) || Object.hasOwn(file.aliases, model)) continue;
    const suggestion = suggest(model, known);
    const message = `no instance serves the model ${JSON.stringify(model)}`;
    resolution.warn({
      path,
      isAboutKey,
      message,
      found: JSON.stringify(model),
      allowed: listNames(known),
      ...(suggestion && { suggestion }),
    });
  }
}

function deepFreeze<Value extends object>(value: Value): Value {
  for (const inner of Object.values(value)) {
    if (inner !== null && typeof inner === 'object' && !Object.isFrozen(inner)) deepFreeze(inner);
  }
  return Object.freeze(value);
}
