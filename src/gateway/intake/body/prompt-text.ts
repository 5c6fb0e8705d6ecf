/** The prompt as one canonical text, so that equal conversations begin with equal characters however a client wrote its JSON. */

import { type FieldSpan, type Fields, valueAt } from '../json/json-fields.ts';
import type { FieldName } from './prompt-fields.ts';

/** In the order in which chat templates print them. */
const FIELDS = [
  'system',
  'instructions',
  'tools',
  'messages',
  'prompt',
  'input',
  'query',
  'documents',
] as const;

/**
 * Its first `maxChars` characters. Messages become `role: text` lines; what is no text (an image) is printed as JSON, since two
 * prompts with different images do not share a cache.
 */
export function promptText(body: Uint8Array, fields: Fields<FieldName>, maxChars: number): string {
  let text = '';
  for (const name of FIELDS) {
    const span: FieldSpan | undefined = fields[name];
    if (span === undefined || text.length >= maxChars) continue;
    text += asText(valueAt(body, span));
  }
  return text.slice(0, maxChars);
}

function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(asText).join('\n');
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if ('role' in value && 'content' in value) return messageText(value as Message);
  if ('text' in value && typeof value.text === 'string') return value.text;
  return JSON.stringify(value);
}

interface Message {
  readonly role: unknown;
  readonly content: unknown;
}

/** What else a message has (tool calls) follows its text. */
function messageText({ role, content, ...rest }: Message): string {
  const more = Object.keys(rest).length === 0 ? '' : JSON.stringify(rest);
  return `${asText(role)}: ${asText(content)}${more}`;
}
