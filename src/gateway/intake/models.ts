/** The names that callers may ask for: the fleet's models and adapters, and aliases for them. */

import { type Random, SignalboxError } from '../../domain/index.ts';
import { closestName, listNames } from './closest-name.ts';
import type { KeyFacts } from './intake.ts';

/** One model that an alias may stand for; its share is its weight over the sum of the weights. */
export interface AliasTarget {
  readonly model: string;
  readonly weight: number;
}

export type Aliases = Readonly<Record<string, readonly AliasTarget[]>>;

export interface ModelCatalogue {
  /** The model to schedule for the name that a caller used. Throws `SignalboxError`. */
  resolve(requested: string, key: KeyFacts): string;
  /** Every name that the key may ask for, the fleet's own first. */
  namesFor(key: KeyFacts): readonly string[];
  /** Why `requested` is not here. */
  notFound(requested: string, key: KeyFacts): SignalboxError;
}

const RETRY_AFTER_MS = 2000;

/**
 * An alias wins over a model of the same name. Of several targets only those that the fleet has are drawn from, so that an experiment's
 * arm which is gone does not fail its share of the calls.
 */
export function createModelCatalogue(
  modelNames: () => readonly string[],
  aliases: Aliases,
  random: Random,
): ModelCatalogue {
  const targetsOf = new Map(Object.entries(aliases));

  const namesFor = ({ models }: KeyFacts): readonly string[] => {
    const names = [...new Set([...modelNames(), ...targetsOf.keys()])];
    return models === undefined ? names : names.filter((name) => models.has(name));
  };

  const notFound = (requested: string, key: KeyFacts): SignalboxError => {
    if (modelNames().length === 0) return noModelYet();
    const names = namesFor(key);
    const near = closestName(requested, names);
    const hint = near === undefined ? '' : ` Did you mean '${near}'?`;
    const message = `The model ${quoted(requested)} does not exist here.${hint} There are: ${listNames(names)}.`;
    return new SignalboxError('model_not_found', message, { param: 'model' });
  };

  return {
    resolve(requested, key) {
      if (key.models !== undefined && !key.models.has(requested)) throw notAllowed(requested, key.models);
      const names = modelNames();
      const targets = targetsOf.get(requested);
      if (targets === undefined) {
        if (names.includes(requested)) return requested;
        throw notFound(requested, key);
      }
      const model = draw(
        targets.filter((target) => names.includes(target.model)),
        random,
      );
      if (model === undefined)
        throw names.length === 0 ? noModelYet() : aliasLeadsNowhere(requested, targets);
      return model;
    },
    namesFor,
    notFound,
  };
}

function draw(targets: readonly AliasTarget[], random: Random): string | undefined {
  if (targets.length <= 1) return targets[0]?.model;
  let left = random.next() * targets.reduce((sum, { weight }) => sum + weight, 0);
  const drawn = targets.find(({ weight }) => {
    left -= weight;
    return left < 0;
  });
  return (drawn ?? targets.at(-1))?.model;
}

function noModelYet(): SignalboxError {
  return new SignalboxError('no_instance_available', 'No engine has told yet which models it serves.', {
    retryAfterMs: RETRY_AFTER_MS,
  });
}

function notAllowed(requested: string, models: ReadonlySet<string>): SignalboxError {
  const message = `This API key is not for the model ${quoted(requested)}; it is for: ${listNames([...models])}.`;
  return new SignalboxError('model_not_allowed', message, { param: 'model' });
}

function aliasLeadsNowhere(requested: string, targets: readonly AliasTarget[]): SignalboxError {
  const wanted = listNames(targets.map(({ model }) => model));
  const message = `The model ${quoted(requested)} is an alias of ${wanted}, which no engine serves.`;
  return new SignalboxError('model_not_found', message, { param: 'model' });
}

function quoted(name: string): string {
  return `'${name.length > 80 ? `${name.slice(0, 80)}…` : name}'`;
}
