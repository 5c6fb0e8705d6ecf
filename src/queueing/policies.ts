/** The built-in policies by the names that the configuration uses. Adding one is adding its file and a line here. */

import { type GivenParameters, type ParameterSpecs, readParameters } from '../domain/index.ts';
import { ADAPTIVE_PARAMETERS } from './adaptive/parameters.ts';
import { adaptivePolicy } from './adaptive/policy.ts';
import { COST_OPTIMIZED_PARAMETERS } from './cost-optimized/parameters.ts';
import { costOptimizedPolicy } from './cost-optimized/policy.ts';
import { fifoPolicy } from './fifo.ts';
import type { PolicyInputs } from './inputs.ts';
import type { BuiltInPolicy } from './policy.ts';
import { PRIORITY_PARAMETERS, priorityPolicy } from './priority.ts';
import { PRODUCTION_PARAMETERS } from './production/parameters.ts';
import { productionPolicy } from './production/policy.ts';
import { SIGNALBOX_PARAMETERS } from './signalbox/parameters.ts';
import { signalboxPolicy } from './signalbox/policy.ts';
import { SLO_AWARE_PARAMETERS, sloAwarePolicy } from './slo-aware.ts';

/** A policy as the table knows it. */
export interface PolicyDefinition {
  readonly name: string;
  /** In one sentence, for the documentation. */
  readonly describe: string;
  readonly parameters: ParameterSpecs;
  /** One of its own for each scheduler, since most keep state. */
  create(given: GivenParameters, inputs: PolicyInputs): BuiltInPolicy;
}

export const POLICIES: readonly PolicyDefinition[] = [
  {
    name: 'signalbox',
    describe:
      'Classes with a guaranteed share each; inside a class tenants by tokens consumed; inside a tenant least slack first.',
    parameters: SIGNALBOX_PARAMETERS,
    create: signalboxPolicy,
  },
  {
    name: 'fifo',
    describe: 'First in, first out.',
    parameters: {},
    create: (given) => {
      readParameters('policy "fifo"', {}, given);
      return fifoPolicy();
    },
  },
  {
    name: 'priority',
    describe: 'By class, with ageing.',
    parameters: PRIORITY_PARAMETERS,
    create: priorityPolicy,
  },
  {
    name: 'slo-aware',
    describe: 'Who is due first goes first; who is late steps aside.',
    parameters: SLO_AWARE_PARAMETERS,
    create: sloAwarePolicy,
  },
  {
    name: 'cost-optimized',
    describe: 'By class, with ageing, to the cheapest instance that meets the needs of the request.',
    parameters: COST_OPTIMIZED_PARAMETERS,
    create: costOptimizedPolicy,
  },
  {
    name: 'adaptive',
    describe: 'By priority, SLO or cost, whichever fits load and requests, changing at most once in a while.',
    parameters: ADAPTIVE_PARAMETERS,
    create: adaptivePolicy,
  },
  {
    name: 'production',
    describe: 'Class, urgency, load and topology in one score; instances beyond a load get nothing.',
    parameters: PRODUCTION_PARAMETERS,
    create: productionPolicy,
  },
];

export const POLICY_NAMES: readonly string[] = POLICIES.map(({ name }) => name);
export const DEFAULT_POLICY = 'signalbox';

/** What the configuration says of the policy: its name, and beside it its parameters. */
export interface PolicySettings {
  readonly name: string;
}

/** @throws RangeError naming the policy or parameter that is wrong, and what is allowed */
export function createPolicy<Settings extends PolicySettings>(
  settings: Settings,
  inputs: PolicyInputs = {},
): BuiltInPolicy {
  const { name, ...parameters } = settings;
  return findPolicy(name).create(parameters, inputs);
}

export function findPolicy(name: string): PolicyDefinition {
  const found = POLICIES.find((definition) => definition.name === name);
  if (found !== undefined) return found;
  throw new RangeError(`policy: found "${name}", allowed are ${POLICY_NAMES.join(', ')}`);
}
