/** Which records of a table are for a request: those of its model and of where it runs. */

import type { PredictedMs, Random } from '../../domain/index.ts';
import {
  type ExecutionTimes,
  type PlaceTraits,
  type RequestShape,
  timeOf,
  traitsOf,
  UNKNOWN_TRAIT,
} from '../execution/execution-times.ts';
import type { Place } from '../instance-class.ts';
import type { LookupRecord } from './records.ts';

/** What a record must not contradict; what is not given does not count. */
export interface LookupFilters {
  readonly model_name?: string | undefined;
  readonly hardware?: string | undefined;
  readonly software_name?: string | undefined;
  readonly software_version?: string | undefined;
}

export interface LookupStatistics {
  readonly total_records: number;
  readonly successful_records: number;
  readonly model_types: readonly string[];
}

export class LookupTable implements ExecutionTimes {
  readonly #records: readonly LookupRecord[];
  readonly #fitting = new WeakMap<Place, readonly LookupRecord[]>();

  constructor(records: readonly LookupRecord[]) {
    this.#records = records;
  }

  /** Places in the table, ascending. */
  matches(modelType: string, filters: LookupFilters): readonly number[] {
    return this.#records.flatMap((record, index) => (fits(record, modelType, filters) ? [index] : []));
  }

  /** One of those that match, each with the same chance. */
  draw(modelType: string, filters: LookupFilters, random: Random): LookupRecord | undefined {
    const found = this.matches(modelType, filters);
    return found.length === 0 ? undefined : this.#records[found[Math.floor(random.next() * found.length)]!];
  }

  /** All that match count the same: their mixture's mean and spread. */
  of(shape: RequestShape, place: Place): PredictedMs | undefined {
    const times = forPrompt(this.#fittingAt(place), shape.uncachedTokens + shape.cachedTokens)
      .map(timeOf)
      .filter((time) => time !== undefined);
    return times.length <= 1 ? times[0] : mixture(times);
  }

  statistics(): LookupStatistics {
    const types = this.#records.flatMap(({ modelType, info }) => [modelType, info?.type]);
    return {
      total_records: this.#records.length,
      successful_records: this.#records.filter(({ isSuccess }) => isSuccess).length,
      model_types: [...new Set(types.filter((type) => type !== undefined))].sort(),
    };
  }

  #fittingAt(place: Place): readonly LookupRecord[] {
    const known = this.#fitting.get(place);
    if (known !== undefined) return known;
    const { model_type, ...filters } = traitsOf(place);
    const fitting = this.matches(model_type, saidOf(filters)).map((index) => this.#records[index]!);
    this.#fitting.set(place, fitting);
    return fitting;
  }
}

function fits(record: LookupRecord, modelType: string, filters: LookupFilters): boolean {
  const { modelType: own, info, isSuccess, quantiles } = record;
  if (!isSuccess || quantiles === undefined) return false;
  if (own !== modelType && info?.type !== modelType) return false;
  if (info === undefined) return true;
  const pairs = [
    [filters.model_name, info.name],
    [filters.hardware, info.hardware],
    [filters.software_name, info.software_name],
    [filters.software_version, info.software_version],
  ];
  return pairs.every(([wanted, found]) => !wanted || found === undefined || found === wanted);
}

/** What an instance does not say of itself contradicts nothing. */
function saidOf(filters: Omit<PlaceTraits, 'model_type'>): LookupFilters {
  return Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== UNKNOWN_TRAIT));
}

/** Where prompt lengths are told: the records of the smallest length that is enough, else of the largest. */
function forPrompt(records: readonly LookupRecord[], promptTokens: number): readonly LookupRecord[] {
  let enough = Number.POSITIVE_INFINITY;
  let largest = 0;
  for (const { inputTokens } of records) {
    if (inputTokens === undefined) continue;
    if (inputTokens >= promptTokens && inputTokens < enough) enough = inputTokens;
    if (inputTokens > largest) largest = inputTokens;
  }
  if (largest === 0) return records;
  const length = Number.isFinite(enough) ? enough : largest;
  return records.filter(({ inputTokens }) => inputTokens === length);
}

function mixture(times: readonly PredictedMs[]): PredictedMs {
  const meanOf = (of: (time: PredictedMs) => number) =>
    times.reduce((sum, time) => sum + of(time), 0) / times.length;
  const mean = meanOf((time) => time.mean);
  const squares = meanOf((time) => time.standardDeviation ** 2 + time.mean ** 2);
  return { mean, standardDeviation: Math.sqrt(Math.max(0, squares - mean * mean)) };
}
