/** Which fields of a JSON body are looked for, and which of them hold the prompt of each kind of call. */

import { type RequestKind, SignalboxError } from '../../../domain/index.ts';
import { type Fields, fieldFinder, type JsonType, typeAt } from '../json/json-fields.ts';
import { mismatch, missing } from './field-reader.ts';
import type { PromptSize } from './prompt-tokens.ts';

/** Deeper nesting is refused: no call needs it, and a parser behind us might not survive it. */
export const MAX_DEPTH = 128;

const CONTROL_FIELDS = [
  'model',
  'stream',
  'stream_options',
  'max_completion_tokens',
  'max_tokens',
  'max_output_tokens',
  'user',
  'priority',
  'prompt_embeds',
] as const;

/** Their strings are the prompt. `system` is Anthropic's, `instructions` of `/v1/responses`, the rest of rerank and score. */
const TEXT_FIELDS = [
  'messages',
  'prompt',
  'input',
  'system',
  'instructions',
  'query',
  'documents',
  'text_1',
  'text_2',
] as const;

/** Templates print these into the prompt as JSON, so every byte of them counts. */
const PRINTED_FIELDS = ['tools', 'functions'] as const;

/** Their numbers are token ids. */
const TOKEN_ID_FIELDS = ['prompt', 'input'] as const;

/** OpenAI's, vLLM's and Anthropic's (`source`) content parts that are no text. */
const ATTACHMENT_KEYS = [
  'image_url',
  'video_url',
  'audio_url',
  'input_audio',
  'image_embeds',
  'file',
  'source',
] as const;

export type FieldName =
  | (typeof CONTROL_FIELDS)[number]
  | (typeof TEXT_FIELDS)[number]
  | (typeof PRINTED_FIELDS)[number];

export const FINDER = fieldFinder<FieldName>(
  [...CONTROL_FIELDS, ...TEXT_FIELDS, ...PRINTED_FIELDS],
  ATTACHMENT_KEYS,
  MAX_DEPTH,
);

/** A field that holds the prompt, and what may stand in for it. */
interface PromptRule {
  readonly field: FieldName;
  readonly orElse?: FieldName;
  readonly types: readonly JsonType[];
  readonly wanted: string;
}

const PROMPT_RULES: Readonly<Record<RequestKind, PromptRule | undefined>> = {
  chat: { field: 'messages', types: ['array'], wanted: 'an array of at least one message' },
  completion: {
    field: 'prompt',
    orElse: 'prompt_embeds',
    types: ['string', 'array'],
    wanted: 'a string, or an array of strings or of token ids',
  },
  embedding: {
    field: 'input',
    orElse: 'messages',
    types: ['string', 'array'],
    wanted: 'a string, or an array of strings or of token ids',
  },
  other: undefined,
};

/** Makes sure that the kind's prompt is there; what is in it the engine judges. Throws `SignalboxError`. */
export function requirePrompt(kind: RequestKind, body: Uint8Array, fields: Fields<FieldName>): void {
  const rule = PROMPT_RULES[kind];
  if (rule === undefined) return;
  const span = fields[rule.field];
  if (span === undefined || typeAt(body, span) === 'null') {
    if (rule.orElse !== undefined && fields[rule.orElse] !== undefined) return;
    throw missing(rule.field, rule.wanted);
  }
  const type = typeAt(body, span);
  if (!rule.types.includes(type)) throw mismatch(body, rule.field, span, rule.wanted);
  if (type === 'array' && span.elements === 0) throw emptyPrompt(rule);
}

function emptyPrompt({ field, wanted }: PromptRule): SignalboxError {
  return new SignalboxError('missing_field', `'${field}' is empty: it must be ${wanted}.`, { param: field });
}

/** What the one pass over the body counted of its prompt. */
export function promptSize(fields: Fields<FieldName>): PromptSize {
  let textBytes = 0;
  let attachments = 0;
  let tokenIds = 0;
  for (const name of TEXT_FIELDS) {
    const span = fields[name];
    if (span === undefined) continue;
    textBytes += span.stringBytes;
    attachments += span.attachments;
  }
  for (const name of PRINTED_FIELDS) {
    const span = fields[name];
    if (span !== undefined) textBytes += span.end - span.start;
  }
  for (const name of TOKEN_ID_FIELDS) tokenIds += fields[name]?.numbers ?? 0;
  return { textBytes, attachments, tokenIds, messages: fields.messages?.elements ?? 0 };
}
