/** From a JSON body to what the scheduler needs of it. */

import { type RequestKind, SignalboxError } from '../../../domain/index.ts';
import { JsonSyntaxError } from '../json/json-cursor.ts';
import { type Fields, findFields, typeAt, valueAt } from '../json/json-fields.ts';
import type { BodyFacts } from './body-facts.ts';
import { type FieldReader, fieldReader, ignore, mismatch, missing, refuse } from './field-reader.ts';
import { FINDER, type FieldName, promptSize, requirePrompt } from './prompt-fields.ts';
import { promptSpans } from './prompt-spans.ts';
import { promptText } from './prompt-text.ts';
import { estimateTokens, type TokenEstimate } from './prompt-tokens.ts';

export interface BodyOptions {
  readonly estimate: TokenEstimate;
  /** The most characters of the prompt to hand to the scheduler as text; 0 for none. */
  readonly promptTextChars: number;
}

/** The fields that bound the answer's length, the first that is present counting: OpenAI's new and old name, `/v1/responses`' name. */
const MAX_TOKENS_FIELDS = ['max_completion_tokens', 'max_tokens', 'max_output_tokens'] as const;

/**
 * Only what scheduling needs is checked; all else is the engine's to judge. In a call that is merely passed through a field of a
 * known name may mean something else, so that only `model` is insisted on. Throws `SignalboxError`.
 */
export function readJsonBody(body: Uint8Array, kind: RequestKind, options: BodyOptions): BodyFacts {
  const fields = fieldsOf(body);
  const model = readModel(body, fields);
  const reader = fieldReader(body, fields, kind === 'other' ? ignore : refuse);
  requirePrompt(kind, body, fields);
  const size = promptSize(fields);
  const maxTokens = readMaxTokens(reader);
  const user = readUser(reader);
  const enginePriority = reader.integer('priority');
  return {
    ...model,
    stream: reader.boolean('stream') ?? false,
    wantsUsage: readWantsUsage(body, fields),
    promptTokens: estimateTokens(size, options.estimate),
    promptSpans: promptSpans(body, fields),
    promptTokensEstimated: size.textBytes > 0 || size.attachments > 0 || size.tokenIds === 0,
    ...(options.promptTextChars > 0 && { promptText: promptText(body, fields, options.promptTextChars) }),
    ...(maxTokens !== undefined && { maxTokens }),
    ...(user !== undefined && { user }),
    ...(enginePriority !== undefined && { enginePriority }),
  };
}

function fieldsOf(body: Uint8Array): Fields<FieldName> {
  if (body.length === 0)
    throw new SignalboxError('invalid_json', 'The body is empty; it must be a JSON object.');
  try {
    const fields = findFields(body, FINDER);
    if (fields !== undefined) return fields;
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw invalidJson(body, error);
    throw error;
  }
  throw new SignalboxError('invalid_request', 'The body must be a JSON object; found another JSON value.');
}

function invalidJson(body: Uint8Array, { at, message }: JsonSyntaxError): SignalboxError {
  const lineStart = body.subarray(0, at).lastIndexOf(0x0a) + 1;
  let line = 1;
  // By index: an iterator takes ten times as long, and the body may be large.
  for (let before = 0; before < lineStart; before++) if (body[before] === 0x0a) line++;
  const where = `line ${line}, column ${at - lineStart + 1} (byte ${at})`;
  return new SignalboxError('invalid_json', `The body is not JSON: ${message}, at ${where}.`);
}

function readModel(body: Uint8Array, fields: Fields<FieldName>): Pick<BodyFacts, 'model' | 'modelPlace'> {
  const span = fields.model;
  if (span === undefined || typeAt(body, span) === 'null') throw missing('model', "a model's name");
  if (typeAt(body, span) !== 'string') throw mismatch(body, 'model', span, 'a string');
  const model = valueAt(body, span) as string;
  if (model === '') throw new SignalboxError('missing_field', "'model' is empty.", { param: 'model' });
  return { model, modelPlace: { start: span.start, end: span.end, encode: encodeModel } };
}

function encodeModel(model: string): Uint8Array {
  return Buffer.from(JSON.stringify(model));
}

const MAX_USER_CHARS = 256;

/** A longer one names nobody: it would be kept for as long as the request waits. */
function readUser(reader: FieldReader<FieldName>): string | undefined {
  const user = reader.string('user');
  return user === undefined || user.length > MAX_USER_CHARS ? undefined : user;
}

function readMaxTokens(reader: FieldReader<FieldName>): number | undefined {
  let found: number | undefined;
  for (const name of MAX_TOKENS_FIELDS) {
    const value = reader.count(name);
    found ??= value;
  }
  return found;
}

/** Bounded, since the options of a stream are few and a parse of megabytes here would be somebody's attack. */
const MAX_STREAM_OPTIONS_BYTES = 4096;

function readWantsUsage(body: Uint8Array, fields: Fields<FieldName>): boolean {
  const span = fields.stream_options;
  if (span === undefined || span.end - span.start > MAX_STREAM_OPTIONS_BYTES) return false;
  const options = valueAt(body, span);
  return (
    typeof options === 'object' &&
    options !== null &&
    'include_usage' in options &&
    options.include_usage === true
  );
}
