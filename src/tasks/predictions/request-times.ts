/** Tasks as requests, for those who know how long requests take: a table of times, a predictor service. */

import { createInstance } from '../../domain/index.ts';
import {
  type ExecutionTimes,
  type Place,
  placeOf,
  type RequestShape,
  UNKNOWN_TRAIT,
} from '../../prediction/index.ts';
import type { JsonObject } from '../task.ts';
import { mostOutputTokens, promptCharacters } from './task-shape.ts';
import type { TaskQuestion, TaskTimes } from './task-times.ts';

/** Where an instance runs, in the words of tables and services; what is not known may be told by the task. */
export type PlaceLabels = Readonly<Record<string, string>>;

const PLACE_FIELDS = ['model_type', 'model_name', 'hardware', 'software_name', 'software_version'] as const;
/** Else an instance would be taken for the plainest kind of engine, which no table was measured with. */
const UNSAID: PlaceLabels = { software_name: UNKNOWN_TRAIT };
const CHARACTERS_PER_TOKEN = 4;
/** Taken where a task has no limit. */
const USUAL_OUTPUT_TOKENS = 256;
const MAX_PLACES = 1_000;

/** @param labelsOf what is known of an instance itself; it counts more than what a task's metadata says */
export function requestTimes(
  times: ExecutionTimes,
  labelsOf: (instance: string) => PlaceLabels = () => ({}),
): TaskTimes {
  const places = new Map<string, Place>();

  function placeFor({ model, instance, metadata }: TaskQuestion): Place {
    const labels = { ...UNSAID, ...labelsIn(metadata), ...labelsOf(instance) };
    const key = JSON.stringify([model, ...PLACE_FIELDS.map((field) => labels[field] ?? null)]);
    const place =
      places.get(key) ??
      placeOf(createInstance({ id: key, url: 'http://localhost', models: [model], labels }), model);
    places.delete(key);
    places.set(key, place);
    if (places.size > MAX_PLACES) places.delete(places.keys().next().value!);
    return place;
  }

  return {
    of: (question) => {
      const time = times.of(requestShapeOf(question), placeFor(question));
      return time && { expectedMs: time.mean, errorMs: time.standardDeviation };
    },
  };
}

/** What the metadata says in numbers, else what the input looks like. */
function requestShapeOf({ input, metadata }: TaskQuestion): RequestShape {
  const { input_tokens, output_tokens, batch_size } = metadata;
  const promptTokens = Math.ceil(promptCharacters(input) / CHARACTERS_PER_TOKEN);
  return {
    uncachedTokens: amountOr(input_tokens, promptTokens),
    cachedTokens: 0,
    outputTokens: amountOr(output_tokens, mostOutputTokens(input) || USUAL_OUTPUT_TOKENS),
    batchSize: amountOr(batch_size, 1),
  };
}

function amountOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : otherwise;
}

function labelsIn(metadata: JsonObject): PlaceLabels {
  const told = PLACE_FIELDS.map((field) => [field, metadata[field]] as const);
  return Object.fromEntries(told.filter((pair): pair is [(typeof pair)[0], string] => isName(pair[1])));
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
