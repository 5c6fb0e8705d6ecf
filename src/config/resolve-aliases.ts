/** Model aliases followed to the names that instances serve. */

import type { AliasTarget, Config, InstanceConfig } from './config.ts';
import type { Resolution } from './resolution.ts';
import type { ConfigFile, InstanceFile } from './schema/config-file.ts';
import { suggest } from './suggest.ts';

type AliasFile = ConfigFile['aliases'][string];

export function resolveAliases(
  file: ConfigFile,
  instances: readonly InstanceConfig[],
  resolution: Resolution,
): Config['aliases'] {
  const served = servedNames(file, instances);
  const resolved: [string, readonly AliasTarget[]][] = [];
  for (const [alias, target] of Object.entries(file.aliases)) {
    if (served.names.has(alias)) {
      const message = `the alias ${JSON.stringify(alias)} hides a model of the same name`;
      resolution.warn({ path: ['aliases', alias], isAboutKey: true, message });
    }
    checkTargets(alias, target, { file, served }, resolution);
    resolved.push([alias, follow(alias, 1, file.aliases, new Set())]);
  }
  return Object.fromEntries(resolved);
}

/** Which models and adapters the instances serve, and whether that is all there will be. */
export function servedNames(file: ConfigFile, instances: readonly InstanceConfig[]) {
  const names = new Set(instances.flatMap(({ models, adapters }) => [...models, ...adapters]));
  const isKnown = ({ url, simulate, models = [] }: InstanceFile) =>
    simulate !== undefined || (url !== undefined && models.length > 0);
  return { names, isComplete: instances.length > 0 && file.instances.every(isKnown) };
}

interface Surroundings {
  readonly file: ConfigFile;
  readonly served: ReturnType<typeof servedNames>;
}

function checkTargets(
  alias: string,
  target: AliasFile,
  { file, served }: Surroundings,
  resolution: Resolution,
): void {
  for (const { model, path } of targetsWithPaths(alias, target)) {
    const circle = circleThrough(alias, model, file.aliases);
    if (circle !== undefined) {
      const message = `aliases go round in a circle: ${circle.join(' → ')}`;
      resolution.mistake({
        path,
        message,
        found: circle.join(' → '),
        allowed: 'aliases that end at a model',
      });
      continue;
    }
    if (Object.hasOwn(file.aliases, model) || served.names.has(model) || !served.isComplete) continue;
    const known = [...served.names, ...Object.keys(file.aliases)].filter((name) => name !== alias);
    const suggestion = suggest(model, known);
    resolution.mistake({
      path,
      message: `the alias ${JSON.stringify(alias)} stands for ${JSON.stringify(model)}, which no instance serves`,
      found: JSON.stringify(model),
      allowed: known.join(', '),
      ...(suggestion !== undefined && { suggestion }),
    });
  }
}

function targetsWithPaths(alias: string, target: AliasFile) {
  if (typeof target === 'string') return [{ model: target, path: ['aliases', alias] }];
  return target.map(({ model }, index) => ({ model, path: ['aliases', alias, index, 'model'] }));
}

/** The way from `alias` by `model` back to `alias`, if there is one. */
function circleThrough(alias: string, model: string, aliases: ConfigFile['aliases']): string[] | undefined {
  const seen = new Set<string>();
  const search = (name: string, trail: readonly string[]): string[] | undefined => {
    if (name === alias) return [...trail, name];
    if (seen.has(name)) return undefined;
    seen.add(name);
    for (const next of targetsOf(name, aliases)) {
      const circle = search(next.model, [...trail, name]);
      if (circle !== undefined) return circle;
    }
    return undefined;
  };
  return search(model, [alias]);
}

function targetsOf(name: string, aliases: ConfigFile['aliases']): readonly AliasTarget[] {
  const target = Object.hasOwn(aliases, name) ? aliases[name] : undefined;
  if (target === undefined) return [];
  return typeof target === 'string' ? [{ model: target, weight: 1 }] : target;
}

/** The models at the end of `name`, with shares that sum to `share`; a circle, reported elsewhere, leads nowhere. */
function follow(
  name: string,
  share: number,
  aliases: ConfigFile['aliases'],
  above: ReadonlySet<string>,
): AliasTarget[] {
  if (above.has(name)) return [];
  const targets = targetsOf(name, aliases);
  if (targets.length === 0) return [{ model: name, weight: share }];
  const total = targets.reduce((sum, { weight }) => sum + weight, 0);
  const below = new Set([...above, name]);
  return mergeSame(
    targets.flatMap(({ model, weight }) => follow(model, (share * weight) / total, aliases, below)),
  );
}

function mergeSame(targets: readonly AliasTarget[]): AliasTarget[] {
  const weights = new Map<string, number>();
  for (const { model, weight } of targets) weights.set(model, (weights.get(model) ?? 0) + weight);
  return [...weights].map(([model, weight]) => ({ model, weight }));
}
