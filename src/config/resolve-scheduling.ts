/** The policy and the routing profile: their parameters are looked at here, where it is known whose they are. */

import { type GivenParameters, readParameters } from '../domain/index.ts';
import { findPolicy } from '../queueing/index.ts';
import { FILTERS, type PartSettings, PICKERS, type ProfileSettings, SCORERS } from '../routing/index.ts';
import type { PolicyConfig } from './config.ts';
import type { ConfigPath } from './problem.ts';
import type { Resolution } from './resolution.ts';
import type { ConfigFile } from './schema/config-file.ts';

/** The name of a profile that is written out instead of being a preset. */
const CUSTOM_PROFILE = 'custom';

export function resolvePolicy({ policy }: ConfigFile, resolution: Resolution): PolicyConfig {
  if (typeof policy === 'string') {
    return resolution.names.policies.includes(policy)
      ? { name: policy, parameters: {} }
      : { name: policy, file: policy, parameters: {} };
  }
  const { name, file, parameters = {} } = policy;
  if (file !== undefined) return { name: file, file, parameters };
  resolution.attempt(['policy', 'parameters'], () => findPolicy(name).create(parameters, {}));
  return { name, parameters };
}

export function resolveRouting({ routing }: ConfigFile, resolution: Resolution): ProfileSettings {
  if (typeof routing === 'string') {
    const preset = resolution.names.presets.get(routing);
    if (preset !== undefined) return preset;
    throw new RangeError(`routing: the schema let the unknown preset "${routing}" pass`);
  }
  const check = (
    path: ConfigPath,
    what: string,
    kinds: typeof FILTERS | typeof SCORERS | typeof PICKERS,
    part: PartSettings,
  ) => {
    if (typeof part !== 'string')
      resolution.attempt([...path, 'parameters'], () => checkPart(what, kinds, part));
  };
  for (const [i, part] of routing.filters.entries()) {
    check(['routing', 'filters', i], 'filter', FILTERS, asPart(part));
  }
  for (const [i, part] of routing.scorers.entries()) {
    check(['routing', 'scorers', i], 'scorer', SCORERS, asPart(part));
  }
  check(['routing', 'picker'], 'picker', PICKERS, asPart(routing.picker));
  return {
    name: CUSTOM_PROFILE,
    filters: routing.filters.map(asPart),
    picker: asPart(routing.picker),
    scorers: routing.scorers.map(({ name, weight, parameters }) => ({
      name,
      weight,
      ...(parameters !== undefined && { parameters }),
    })),
  };
}

type Part = string | { readonly name: string; readonly parameters?: GivenParameters | undefined };

function asPart(part: Part): PartSettings {
  if (typeof part === 'string' || part.parameters === undefined)
    return typeof part === 'string' ? part : part.name;
  return { name: part.name, parameters: part.parameters };
}

function checkPart(
  what: string,
  kinds: typeof FILTERS | typeof SCORERS | typeof PICKERS,
  part: Exclude<PartSettings, string>,
): void {
  const definition = kinds.get(part.name);
  if (definition !== undefined)
    readParameters(`${what} "${part.name}"`, definition.parameters, part.parameters);
}
