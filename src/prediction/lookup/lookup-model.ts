/** Times from a table of measurements, by model, instance class and prompt length. */

import type { ForecastFacts, PredictedMs, StepCoefficients } from '../../domain/index.ts';
import type { Place } from '../instance-class.ts';
import type { LatencyModel, Observation } from '../latency-model.ts';
import { CoefficientLearner, type StepPrior } from '../online/coefficient-learner.ts';
import { StepWork } from '../online/step-work.ts';
import { addDecodeStep, addDecodeWork, addPrefillWork } from '../online/work-of.ts';

/** What was measured on an instance that did nothing else. */
export interface LookupRow {
  /** A model's name; `*` for any. */
  readonly model: string;
  /** As `instanceClassOf` writes it; `*` for any. */
  readonly instanceClass: string;
  /** The row is for prompts of at most so many tokens. */
  readonly promptTokens: number;
  readonly ttftMs: PredictedMs;
  readonly tpotMs: PredictedMs;
}

export interface LookupModelParts {
  readonly rows: readonly LookupRow[];
  readonly prior: (place: Place) => StepPrior;
  /** Asked for what the table does not have. */
  readonly fallback: LatencyModel;
}

/** Rows for one model and class, by ascending prompt length, and the step formula fitted to them. */
interface Table {
  readonly rows: readonly LookupRow[];
  readonly learner: CoefficientLearner;
}

const ANY = '*';
const FITTING_ROUNDS = 5;
const FITTED_STEPS = 100;
const NO_LOAD = { queuedPrefillTokens: 0, decodingRequests: 0, kvTokens: 0 } as const;

/**
 * The most telling rows win: those for the model and the class, then for the model, then for the class, then for any. The table
 * tells of idle instances; what is queued ahead is taken as one more prompt, and a busy batch stretches the time per token
 * as the step formula fitted to the rows says.
 */
export class LookupModel implements LatencyModel {
  readonly #rows: readonly LookupRow[];
  readonly #prior: (place: Place) => StepPrior;
  readonly #fallback: LatencyModel;
  readonly #tables = new WeakMap<Place, Table | 'none'>();
  readonly #work = new StepWork();

  constructor({ rows, prior, fallback }: LookupModelParts) {
    for (const [index, row] of rows.entries()) checkRow(row, index);
    this.#rows = rows.toSorted((a, b) => a.promptTokens - b.promptTokens);
    this.#prior = prior;
    this.#fallback = fallback;
  }

  coefficients(place: Place): StepCoefficients {
    return this.#table(place)?.learner.coefficients() ?? this.#fallback.coefficients(place);
  }

  ttft(facts: ForecastFacts, place: Place): PredictedMs {
    const table = this.#table(place);
    if (table === undefined) return this.#fallback.ttft(facts, place);
    const own = ttftAt(table, facts.uncachedTokens);
    if (facts.queuedPrefillTokens <= 0) return own;
    const wait = ttftAt(table, facts.queuedPrefillTokens);
    return {
      mean: own.mean + wait.mean,
      standardDeviation: Math.hypot(own.standardDeviation, wait.standardDeviation),
    };
  }

  tpot(facts: ForecastFacts, place: Place): PredictedMs {
    const table = this.#table(place);
    if (table === undefined) return this.#fallback.tpot(facts, place);
    const { tpotMs } = rowFor(table, facts.uncachedTokens + facts.cachedTokens);
    addDecodeStep(this.#work.clear(), facts);
    const busy = table.learner.timeMs(this.#work);
    addDecodeStep(this.#work.clear(), { ...facts, ...NO_LOAD });
    return stretched(tpotMs, busy / table.learner.timeMs(this.#work));
  }

  /** The table stays as it is; the fallback learns, so that it is of use where the table ends. */
  learn(observation: Observation, place: Place): void {
    this.#fallback.learn?.(observation, place);
  }

  forgetInstance(instanceId: string): void {
    this.#fallback.forgetInstance?.(instanceId);
  }

  #table(place: Place): Table | undefined {
    const known = this.#tables.get(place) ?? this.#makeTable(place) ?? 'none';
    this.#tables.set(place, known);
    return known === 'none' ? undefined : known;
  }

  #makeTable(place: Place): Table | undefined {
    const { model, instanceClass } = place;
    const rows = [
      [model, instanceClass],
      [model, ANY],
      [ANY, instanceClass],
      [ANY, ANY],
    ]
      .map(([m, c]) => this.#rows.filter((row) => row.model === m && row.instanceClass === c))
      .find((found) => found.length > 0);
    if (rows === undefined) return undefined;
    return { rows, learner: fitTo(rows, this.#prior(place), place) };
  }
}

/** The step formula's coefficients that come closest to the rows, from the prior on. */
function fitTo(rows: readonly LookupRow[], prior: StepPrior, { instance, model }: Place): CoefficientLearner {
  const learner = new CoefficientLearner(prior, 1);
  const { maxBatchedTokens } = prior.coefficients;
  const work = new StepWork();
  const nothingElse = { decodingRequests: 1, prompts: 0, prefillTokens: 0, prefillPairs: 0 };
  for (let round = 0; round < FITTING_ROUNDS; round++) {
    for (const { promptTokens, ttftMs, tpotMs } of rows) {
      const facts = {
        instanceId: instance.id,
        model,
        uncachedTokens: promptTokens,
        cachedTokens: 0,
        ...NO_LOAD,
      };
      addPrefillWork(work.clear(), facts, maxBatchedTokens);
      learner.learn(work, ttftMs.mean);
      const mix = { ...nothingElse, steps: FITTED_STEPS, kvTokens: promptTokens };
      addDecodeWork(work.clear(), mix, maxBatchedTokens);
      learner.learn(work, tpotMs.mean * FITTED_STEPS);
    }
  }
  return learner;
}

function rowFor({ rows }: Table, promptTokens: number): LookupRow {
  return rows.find((row) => promptTokens <= row.promptTokens) ?? rows.at(-1)!;
}

/** Beyond the last row, in proportion. */
function ttftAt(table: Table, tokens: number): PredictedMs {
  const row = rowFor(table, tokens);
  return tokens <= row.promptTokens ? row.ttftMs : stretched(row.ttftMs, tokens / row.promptTokens);
}

function stretched({ mean, standardDeviation, p80 }: PredictedMs, factor: number): PredictedMs {
  return {
    mean: mean * factor,
    standardDeviation: standardDeviation * factor,
    ...(p80 !== undefined && { p80: p80 * factor }),
  };
}

function checkRow(row: LookupRow, index: number): void {
  const where = `lookup table, row ${index + 1}`;
  if (!(row.promptTokens > 0)) {
    throw new RangeError(`${where}: promptTokens must be above 0, found ${row.promptTokens}`);
  }
  for (const field of ['ttftMs', 'tpotMs'] as const) {
    const { mean, standardDeviation } = row[field];
    if (!(mean > 0 && Number.isFinite(mean))) {
      throw new RangeError(`${where}: ${field}.mean must be a number above 0, found ${mean}`);
    }
    if (!(standardDeviation >= 0 && Number.isFinite(standardDeviation))) {
      const found = `found ${standardDeviation}`;
      throw new RangeError(`${where}: ${field}.standardDeviation must be a number of at least 0, ${found}`);
    }
  }
}
