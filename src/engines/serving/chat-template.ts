/** Reads chat messages and joins them into one prompt text; a conversation's next turn extends the text of the one before. */

import type { JsonObject } from './request-body.ts';
import { isObject } from './request-body.ts';
import type { ChatTurn } from './token-engine.ts';
import { EngineRefusal } from './token-engine.ts';

export function readMessages(messages: unknown): readonly ChatTurn[] {
  if (!Array.isArray(messages) || messages.length === 0) {
    throw refusal("'messages' must be an array with at least one message.");
  }
  return messages.map((message: unknown, index) => {
    if (!isObject(message) || typeof message.role !== 'string') {
      throw refusal(`messages[${index}] must be an object with a 'role'.`);
    }
    return { role: message.role, content: contentText(message, index) };
  });
}

/** ChatML, the template that most open models understand. */
export function promptOfMessages(messages: readonly ChatTurn[]): string {
  let prompt = '';
  for (const { role, content } of messages) prompt += `<|im_start|>${role}\n${content}<|im_end|>\n`;
  return `${prompt}<|im_start|>assistant\n`;
}

function contentText(message: JsonObject, index: number): string {
  const { content } = message;
  const calls = message.tool_calls === undefined ? '' : JSON.stringify(message.tool_calls);
  if (content === undefined || content === null) return calls;
  if (typeof content === 'string') return content + calls;
  if (Array.isArray(content)) return content.map((part) => partText(part, index)).join('') + calls;
  throw refusal(`messages[${index}].content must be a string or an array of parts.`);
}

/** A picture or a sound cannot be read here; its address stands for it, so that the prompt keeps its identity. */
function partText(part: unknown, index: number): string {
  if (!isObject(part)) throw refusal(`messages[${index}].content has a part that is not an object.`);
  return typeof part.text === 'string' ? part.text : JSON.stringify(part);
}

const refusal = (message: string) => new EngineRefusal(400, 'invalid_value', message);
