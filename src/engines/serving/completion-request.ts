/** Reads what a chat or text completion asks for, field by field, with the refusals a real engine would give. */

import { promptOfMessages, readMessages } from './chat-template.ts';
import type { Dialect } from './dialects/dialect.ts';
import type { JsonObject } from './request-body.ts';
import { isObject } from './request-body.ts';
import type { ChatTurn, TokenEngine } from './token-engine.ts';
import { EngineRefusal } from './token-engine.ts';

export type CompletionKind = 'chat' | 'completion';

export interface CompletionRequest {
  readonly kind: CompletionKind;
  readonly model: string;
  readonly promptText: string;
  /** Only of a chat. */
  readonly messages?: readonly ChatTurn[];
  readonly maxTokens: number;
  readonly temperature: number;
  readonly seed?: number;
  readonly stop: readonly string[];
  readonly ignoreEos: boolean;
  readonly stream: boolean;
  readonly includeUsage: boolean;
}

/** OpenAI's default for text completions; a chat goes on to the end of the context. */
const COMPLETION_MAX_TOKENS = 16;

export function parseCompletion(
  kind: CompletionKind,
  body: JsonObject,
  engine: TokenEngine,
  dialect: Dialect,
): CompletionRequest {
  refuseUnsupported(body);
  const model = modelOf(body, engine);
  const messages = kind === 'chat' ? readMessages(body.messages) : undefined;
  const promptText = messages === undefined ? promptOf(body, engine) : promptOfMessages(messages);
  const stream = booleanOf(body, 'stream');
  const seed = optionalNumber(body, 'seed', { min: Number.MIN_SAFE_INTEGER, isInteger: true });
  return {
    kind,
    model,
    promptText,
    ...(messages === undefined ? {} : { messages }),
    maxTokens: maxTokensOf(body, { promptText, messages }, engine, dialect),
    temperature: optionalNumber(body, 'temperature', { min: 0, max: 2 }) ?? 1,
    ...(seed === undefined ? {} : { seed }),
    stop: stopOf(body),
    ignoreEos: booleanOf(body, 'ignore_eos'),
    stream,
    includeUsage: includeUsageOf(body, stream),
  };
}

/** The served model that the body names; the first one where it names none. */
export function modelOf(body: JsonObject, engine: TokenEngine): string {
  const { model } = body;
  if (model === undefined || model === null || model === '') return engine.modelNames[0]!;
  if (typeof model === 'string' && engine.modelNames.includes(model)) return model;
  if (typeof model !== 'string') throw invalid('model', 'a string', model);
  throw new EngineRefusal(404, 'model_not_found', `The model \`${model}\` does not exist.`);
}

/** Text of a prompt given as a string, as token ids, or as an array of one of these. */
export function textOfInput(field: string, input: unknown, engine: TokenEngine): string {
  if (typeof input === 'string' && input !== '') return input;
  if (isTokenIds(input)) {
    if (engine.detokenize) return engine.detokenize(input);
    throw new EngineRefusal(400, 'invalid_value', `'${field}' must be text: this engine takes no token ids.`);
  }
  throw invalid(field, 'a non-empty string or an array of token ids', input);
}

function isTokenIds(input: unknown): input is number[] {
  return Array.isArray(input) && input.length > 0 && input.every((id) => Number.isInteger(id) && id >= 0);
}

function promptOf(body: JsonObject, engine: TokenEngine): string {
  const { prompt } = body;
  if (!Array.isArray(prompt) || isTokenIds(prompt)) return textOfInput('prompt', prompt, engine);
  if (prompt.length === 1) return textOfInput('prompt', prompt[0], engine);
  throw new EngineRefusal(
    400,
    'invalid_value',
    `'prompt' has ${prompt.length} prompts; exactly 1 is supported.`,
  );
}

function refuseUnsupported(body: JsonObject): void {
  for (const field of ['n', 'best_of']) {
    const value = body[field];
    if (value === undefined || value === null || value === 1) continue;
    throw new EngineRefusal(
      400,
      'invalid_value',
      `'${field}' is ${JSON.stringify(value)}; only 1 is supported.`,
    );
  }
  for (const field of ['echo', 'suffix', 'use_beam_search']) {
    if (body[field]) throw new EngineRefusal(400, 'invalid_value', `'${field}' is not supported.`);
  }
}

function maxTokensOf(
  body: JsonObject,
  { promptText, messages }: { promptText: string; messages: readonly ChatTurn[] | undefined },
  engine: TokenEngine,
  dialect: Dialect,
): number {
  const asked =
    optionalNumber(body, 'max_completion_tokens', { min: 1, isInteger: true }) ??
    optionalNumber(body, 'max_tokens', { min: 1, isInteger: true });
  const promptTokens = engine.countTokens(promptText, messages);
  const room = engine.maxModelTokens - promptTokens;
  const wanted = asked ?? (messages === undefined ? COMPLETION_MAX_TOKENS : Math.max(1, room));
  if (wanted <= room) return wanted;
  if (room > 0 && (asked === undefined || dialect.clampsMaxTokens)) return room;
  throw contextLengthExceeded(engine.maxModelTokens, promptTokens, asked);
}

/** vLLM's words. */
export function contextLengthExceeded(limit: number, promptTokens: number, maxTokens = 0): EngineRefusal {
  const total = promptTokens + maxTokens;
  return new EngineRefusal(
    400,
    'context_length_exceeded',
    `This model's maximum context length is ${limit} tokens. However, you requested ${total} tokens ` +
      `(${promptTokens} in the messages, ${maxTokens} in the completion). ` +
      'Please reduce the length of the messages or completion.',
  );
}

function stopOf(body: JsonObject): readonly string[] {
  const { stop } = body;
  if (stop === undefined || stop === null) return [];
  const list: unknown[] = Array.isArray(stop) ? stop : [stop];
  if (list.every((item) => typeof item === 'string')) return list.filter((item) => item !== '');
  throw invalid('stop', 'a string or an array of strings', stop);
}

function includeUsageOf(body: JsonObject, stream: boolean): boolean {
  const options = body.stream_options;
  if (options === undefined || options === null) return false;
  if (!isObject(options)) throw invalid('stream_options', 'an object', options);
  if (stream) return options.include_usage === true;
  throw new EngineRefusal(400, 'invalid_value', "'stream_options' is only allowed when 'stream' is true.");
}

function booleanOf(body: JsonObject, field: string): boolean {
  const value = body[field];
  if (value === undefined || value === null) return false;
  if (typeof value === 'boolean') return value;
  throw invalid(field, 'true or false', value);
}

interface NumberRange {
  readonly min: number;
  readonly max?: number;
  readonly isInteger?: boolean;
}

function optionalNumber(body: JsonObject, field: string, range: NumberRange): number | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  const { min, max = Number.MAX_SAFE_INTEGER, isInteger = false } = range;
  const fits = typeof value === 'number' && value >= min && value <= max;
  if (fits && (!isInteger || Number.isInteger(value))) return value;
  const upTo = range.max === undefined ? '' : ` and at most ${max}`;
  throw invalid(field, `${isInteger ? 'a whole number' : 'a number'} of at least ${min}${upTo}`, value);
}

function invalid(field: string, allowed: string, found: unknown): EngineRefusal {
  const shown = (JSON.stringify(found) ?? 'missing').slice(0, 80);
  return new EngineRefusal(400, 'invalid_value', `'${field}' must be ${allowed}; found ${shown}.`);
}
