/** Where the prompt lies in a JSON body, in the order in which chat templates print it: what the prefix index hashes. */

import type { ByteSpan } from '../../../routing/index.ts';
import { type Fields, typeAt } from '../json/json-fields.ts';
import type { FieldName } from './prompt-fields.ts';

const FIELDS = ['system', 'instructions', 'tools', 'functions', 'messages', 'prompt', 'input'] as const;

/**
 * The bytes as the client wrote them: a client writes the earlier turns of a conversation as it wrote them before, so that the
 * next turn extends the last one's bytes, and images count by their content. An array goes without its closing bracket and a
 * text without its closing quote, because that is where the next turn goes on.
 */
export function promptSpans(body: Uint8Array, fields: Fields<FieldName>): ByteSpan[] {
  const spans: ByteSpan[] = [];
  for (const name of FIELDS) {
    const span = fields[name];
    if (span === undefined) continue;
    const type = typeAt(body, span);
    if (type === 'array' || type === 'string') spans.push({ from: span.start + 1, to: span.end - 1 });
  }
  return spans;
}
