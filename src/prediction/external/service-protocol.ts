/** SwarmPilot's predictor service: the request that asks it for one prediction, and what its answer says. */

import type { PredictedMs } from '../../domain/index.ts';
import { type PlaceTraits, type ToldTime, timeOf } from '../execution/execution-times.ts';
import type { ExternalQuestion } from './external-times.ts';

export interface ServiceRequest {
  readonly method: 'POST';
  readonly url: string;
  readonly json: {
    readonly trace: { readonly input_feature?: readonly Feature[]; readonly model_id: string };
    readonly confidence_level: number;
    readonly lookup_table: boolean;
    readonly lookup_table_name?: string;
  };
}

interface Feature {
  readonly param_name: string;
  readonly val: number | boolean;
}

/** What is known of a task and of where it runs; every number of another name is a feature. */
export type ServiceMetadata = Readonly<Record<string, unknown>>;

/** Features with a place of their own; the others follow in the order in which they are given. */
const FIRST_FEATURES = ['input_tokens', 'output_tokens', 'batch_size', 'pixel_num', 'duration'] as const;
const NO_FEATURES: ReadonlySet<string> = new Set([
  'model_name',
  'hardware',
  'software_name',
  'software_version',
  'server_time_cost',
  'confidence_level',
  'lookup_table',
  'lookup_table_name',
  'is_warmup',
]);
const DEFAULT_CONFIDENCE = 0.95;
/** Models of this name's beginning are its test doubles, which run on nothing in particular. */
const FAKE = 'fake_';

/** @throws RangeError naming the field that is missing */
export function serviceRequest(
  baseUrl: string,
  modelType: string,
  metadata: ServiceMetadata,
): ServiceRequest {
  const type = textOf(metadata.model_type) ?? modelType;
  const name = textOf(metadata.model_name) ?? modelType;
  const isFake = name.startsWith(FAKE);
  const where = (['hardware', 'software_name', 'software_version'] as const).map((field) => {
    const value = textOf(metadata[field]);
    if (value === undefined) throw new RangeError(`metadata must contain '${field}' field`);
    return isFake ? 'fake' : value;
  });
  const path = [type, name, ...where].map(encodeURIComponent).join('/');
  const features = featuresOf(metadata);
  const { confidence_level: confidence, lookup_table: table, lookup_table_name: tableName } = metadata;
  return {
    method: 'POST',
    url: `${baseUrl.replace(/\/+$/, '')}/predict/single/${path}`,
    json: {
      trace: { ...(features.length > 0 && { input_feature: features }), model_id: name },
      confidence_level: typeof confidence === 'number' ? confidence : DEFAULT_CONFIDENCE,
      lookup_table: table === true,
      ...(typeof tableName === 'string' && { lookup_table_name: tableName }),
    },
  };
}

/** The request for one of our own questions. */
export function serviceQuestion(
  baseUrl: string,
  { place, uncachedTokens, cachedTokens, outputTokens, batchSize }: ExternalQuestion,
  tableName?: string,
): ServiceRequest {
  const { model_type, ...where }: PlaceTraits = place;
  return serviceRequest(baseUrl, model_type, {
    ...where,
    input_tokens: Math.round(uncachedTokens + cachedTokens),
    output_tokens: Math.round(outputTokens),
    batch_size: Math.round(batchSize),
    cached_tokens: Math.round(cachedTokens),
    ...(tableName !== undefined && { lookup_table: true, lookup_table_name: tableName }),
  });
}

/**
 * The time in the answer; `undefined` where the service says that it has none for this.
 * @throws TypeError when it is no answer of such a service
 */
export function readServiceAnswer(answer: unknown): PredictedMs | undefined {
  const results = fieldsOf(fieldsOf(answer)?.results);
  if (results === undefined) throw new TypeError('its answer has no results');
  if (results.status === 'error') return undefined;
  if (results.status !== 'success') {
    throw new TypeError(`results.status must be success or error, found ${JSON.stringify(results.status)}`);
  }
  const time = timeOf(toldIn(results));
  if (time === undefined) throw new TypeError('results has neither expect nor quantiles that make a time');
  return time;
}

function toldIn({ expect, error, quantiles, quantile_predictions }: ServiceMetadata): ToldTime {
  const levels = numbersOf(quantiles);
  const values = numbersOf(quantile_predictions);
  const isTable =
    levels !== undefined && values !== undefined && levels.length === values.length && levels.length > 0;
  return {
    ...(typeof expect === 'number' && { expect }),
    ...(typeof error === 'number' && error >= 0 && { error }),
    ...(isTable && { quantiles: { levels, values } }),
  };
}

function featuresOf(metadata: ServiceMetadata): Feature[] {
  const others = Object.keys(metadata).filter(
    (name) => !NO_FEATURES.has(name) && !(FIRST_FEATURES as readonly string[]).includes(name),
  );
  return [...FIRST_FEATURES, ...others].flatMap((name) => {
    const val = metadata[name];
    return typeof val === 'number' || typeof val === 'boolean' ? [{ param_name: name, val }] : [];
  });
}

function fieldsOf(value: unknown): ServiceMetadata | undefined {
  return typeof value === 'object' && value !== null ? (value as ServiceMetadata) : undefined;
}

function numbersOf(value: unknown): readonly number[] | undefined {
  return Array.isArray(value) && value.every((each) => typeof each === 'number') ? value : undefined;
}

const textOf = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
