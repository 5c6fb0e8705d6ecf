/** The built-in predictors by the names that the configuration uses. Adding one is adding its file and a line here. */

import {
  type Clock,
  type GivenParameters,
  type ParameterSpecs,
  type ParametersOf,
  readParameters,
} from '../domain/index.ts';
import { ExecutionTimeModel } from './execution/execution-time-model.ts';
import { type Ask, ExternalTimes, type ServiceNews } from './external/external-times.ts';
import type { Place } from './instance-class.ts';
import type { LatencyModel } from './latency-model.ts';
import { LookupModel, type LookupRow } from './lookup/lookup-model.ts';
import type { LookupTable } from './lookup/lookup-table.ts';
import type { StepPrior } from './online/coefficient-learner.ts';
import { OnlineModel } from './online/online-model.ts';
import { type CachedTokens, Predictor } from './predictor.ts';
import { stepPrior } from './priors/index.ts';

/** As the configuration names it. */
export interface PredictorSettings {
  readonly name: string;
  readonly parameters?: GivenParameters;
}

/** What a predictor may be handed in; each definition says what it cannot do without. */
export interface PredictorInputs {
  /** For `external`. */
  readonly clock?: Clock;
  readonly ask?: Ask;
  /** Told when the service stops answering and when it answers again. */
  readonly onServiceNews?: (news: ServiceNews) => void;
  /** For `lookup`: times of whole requests. Handed to `external`, it stands in for the service. */
  readonly lookupTable?: LookupTable;
  /** Besides: times to first token and per token, which count before those of whole requests. */
  readonly lookupRows?: readonly LookupRow[];
  /** What learns: the same for all predictors of a process, so that a change of predictor loses nothing. */
  readonly learner?: OnlineModel;
  /** Prompt tokens that an instance holds already, as the prefix index knows them. */
  readonly cachedTokens?: CachedTokens;
  /** Replaces the built-in table of priors. */
  readonly prior?: (place: Place) => StepPrior;
}

export interface PredictorDefinition<Specs extends ParameterSpecs = ParameterSpecs> {
  readonly name: string;
  readonly describe: string;
  readonly parameters: Specs;
  readonly needs: readonly (keyof PredictorInputs)[];
  create(parameters: ParametersOf<Specs>, inputs: PredictorInputs): LatencyModel;
}

const ONLINE_PARAMETERS = {
  forgetting: {
    type: 'number',
    default: 0.995,
    min: 0.9,
    max: 1,
    describe: 'What a sample weighs once the next one has come; 0.995 halves it in 138 samples.',
  },
  biasWeight: {
    type: 'number',
    default: 0.05,
    min: 0,
    max: 1,
    describe: "Weight of the newest sample in an instance's own bias.",
  },
} as const satisfies ParameterSpecs;

const EXTERNAL_PARAMETERS = {
  ...ONLINE_PARAMETERS,
  refreshMs: {
    type: 'number',
    default: 1_000,
    min: 0,
    describe: 'An answer older than this is asked for anew.',
  },
  maxAgeMs: { type: 'number', default: 10_000, min: 0, describe: 'An answer older than this is not used.' },
  timeoutMs: {
    type: 'number',
    default: 500,
    min: 1,
    describe: 'A question without an answer for so long has failed.',
  },
  maxAsking: { type: 'number', default: 16, min: 1, describe: 'Most questions without an answer at a time.' },
  maxAnswers: { type: 'number', default: 10_000, min: 1, describe: 'Most answers kept.' },
} as const satisfies ParameterSpecs;

const DEFINITIONS = [
  define({
    name: 'online',
    describe: "Learns the engine's step time from every first token and completion.",
    parameters: ONLINE_PARAMETERS,
    needs: [],
    create: onlineModel,
  }),
  define({
    name: 'lookup',
    describe: 'Reads a table of measured times; what the table lacks is learnt as by `online`.',
    parameters: ONLINE_PARAMETERS,
    needs: ['lookupTable'],
    create: lookupModel,
  }),
  define({
    name: 'external',
    describe:
      'Asks a service in the background and uses its last answers; `lookup` or `online` stands in while it is late.',
    parameters: EXTERNAL_PARAMETERS,
    needs: ['ask', 'clock'],
    create: (parameters, inputs) =>
      new ExecutionTimeModel({
        times: new ExternalTimes({
          ...parameters,
          ask: inputs.ask!,
          clock: inputs.clock!,
          onNews: inputs.onServiceNews,
        }),
        base: lookupModel(parameters, inputs),
      }),
  }),
];

export const PREDICTORS: ReadonlyMap<string, PredictorDefinition> = new Map(
  DEFINITIONS.map((definition) => [definition.name, definition]),
);

export const PREDICTOR_NAMES: readonly string[] = [...PREDICTORS.keys()];

export const DEFAULT_PREDICTOR = 'online';

/** @throws RangeError naming what is wrong with the settings, and what is allowed */
export function createPredictor(
  settings: PredictorSettings = { name: DEFAULT_PREDICTOR },
  inputs: PredictorInputs = {},
): Predictor {
  const { cachedTokens } = inputs;
  return new Predictor({
    name: settings.name,
    model: createLatencyModel(settings, inputs),
    ...(cachedTokens !== undefined && { cachedTokens }),
  });
}

/** What stands behind a predictor, for one that is at work already. */
export function createLatencyModel(
  { name, parameters = {} }: PredictorSettings,
  inputs: PredictorInputs,
): LatencyModel {
  const definition = PREDICTORS.get(name);
  if (definition === undefined) {
    throw new RangeError(`predictor: found "${name}", allowed are ${PREDICTOR_NAMES.join(', ')}`);
  }
  const owner = `predictor "${name}"`;
  const missing = definition.needs.find((input) => inputs[input] === undefined);
  if (missing !== undefined) throw new RangeError(`${owner} needs ${missing}, which is not there`);
  const model = definition.create(readParameters(owner, definition.parameters, parameters), inputs);
  return model;
}

function define<Specs extends ParameterSpecs>(definition: PredictorDefinition<Specs>): PredictorDefinition {
  return definition as unknown as PredictorDefinition;
}

/** Rows first, then times of whole requests, then what is learnt. */
function lookupModel(
  parameters: ParametersOf<typeof ONLINE_PARAMETERS>,
  inputs: PredictorInputs,
): LatencyModel {
  const { lookupTable: times, lookupRows: rows = [], prior = builtInPrior } = inputs;
  const learner = onlineModel(parameters, inputs);
  const base = times === undefined ? learner : new ExecutionTimeModel({ times, base: learner });
  return rows.length === 0 ? base : new LookupModel({ rows, prior, fallback: base });
}

/** What learns, with the defaults of `online`; to be handed in as `learner`. */
export function createLearner(): OnlineModel {
  return onlineModel(readParameters('learner', ONLINE_PARAMETERS, {}), {});
}

function onlineModel(
  { forgetting, biasWeight }: ParametersOf<typeof ONLINE_PARAMETERS>,
  { prior = builtInPrior, learner }: PredictorInputs,
): OnlineModel {
  return learner ?? new OnlineModel({ prior, forgetting, biasWeight });
}

function builtInPrior({ model, instance }: Place): StepPrior {
  return stepPrior(model, instance);
}
