/** Model aliases followed to the names that instances serve. */

import { followAliases } from './alias-shares.ts';
import type { AliasTarget, Config, InstanceConfig } from './config.ts';
import type { ConfigPath } from './problem.ts';
import type { Resolution } from './resolution.ts';
import type { ConfigFile, InstanceFile } from './schema/config-file.ts';
import { listNames, suggest } from './suggest.ts';

export function resolveAliases(
  file: ConfigFile,
  instances: readonly InstanceConfig[],
  resolution: Resolution,
): Config['aliases'] {
  const written = new Map(Object.entries(file.aliases).map(([alias, target]) => [alias, targetsOf(target)]));
  const { shares, circles } = followAliases(written);
  for (const circle of circles) reportCircle(circle, file, resolution);
  const served = servedNames(file, instances);
  const known = [...served.names, ...written.keys()];
  for (const [alias, targets] of written) {
    if (served.names.has(alias)) {
      const message = `the alias ${JSON.stringify(alias)} hides a model of the same name`;
      resolution.warn({ path: ['aliases', alias], isAboutKey: true, message });
    }
    if (!served.isComplete) continue;
    for (const [index, { model }] of targets.entries()) {
      if (written.has(model) || served.names.has(model)) continue;
      reportUnserved({ alias, model, path: pathOf(file, alias, index), known }, resolution);
    }
  }
  return Object.fromEntries(shares);
}

/** Which models and adapters the instances serve, and whether that is all there will be. */
export function servedNames(file: ConfigFile, instances: readonly InstanceConfig[]) {
  const names = new Set(instances.flatMap(({ models, adapters }) => [...models, ...adapters]));
  const isKnown = ({ url, simulate, models = [] }: InstanceFile) =>
    simulate !== undefined || (url !== undefined && models.length > 0);
  // The name of a pipelines' model may be in another file.
  const isComplete = instances.length > 0 && file.pipelines === undefined && file.instances.every(isKnown);
  return { names, isComplete };
}

function targetsOf(target: ConfigFile['aliases'][string]): readonly AliasTarget[] {
  return typeof target === 'string' ? [{ model: target, weight: 1 }] : target;
}

function pathOf(file: ConfigFile, alias: string, index: number): ConfigPath {
  return typeof file.aliases[alias] === 'string' ? ['aliases', alias] : ['aliases', alias, index, 'model'];
}

const MAX_SHOWN_ALIASES = 8;

function reportCircle(circle: readonly string[], file: ConfigFile, resolution: Resolution): void {
  const [first = '', second = first] = circle;
  const shown = circle.length > MAX_SHOWN_ALIASES ? [...circle.slice(0, MAX_SHOWN_ALIASES), '…'] : circle;
  const found = [...shown, first].join(' → ');
  const index = targetsOf(file.aliases[first] ?? []).findIndex(({ model }) => model === second);
  resolution.mistake({
    path: pathOf(file, first, index),
    message: `aliases go round in a circle: ${found}`,
    found,
    allowed: 'aliases that end at a model',
  });
}

interface Unserved {
  readonly alias: string;
  readonly model: string;
  readonly path: ConfigPath;
  readonly known: readonly string[];
}

function reportUnserved(unserved: Unserved, resolution: Resolution): void {
  const { alias, model, path } = unserved;
  const known = unserved.known.filter((name) => name !== alias);
  const suggestion = suggest(model, known);
  resolution.mistake({
    path,
    message: `the alias ${JSON.stringify(alias)} stands for ${JSON.stringify(model)}, which no instance serves`,
    found: JSON.stringify(model),
    allowed: listNames(known),
    ...(suggestion !== undefined && { suggestion }),
  });
}
