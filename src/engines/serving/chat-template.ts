/** Turns chat messages into one prompt text; a conversation's next turn extends the text of the turn before. */

import type { JsonObject } from './request-body.ts';
import { isObject } from './request-body.ts';
import { EngineRefusal } from './token-engine.ts';

/** ChatML, the template that most open models understand. */
export function promptOfMessages(messages: unknown): string {
  if (!Array.isArray(messages) || messages.length === 0) {
    throw new EngineRefusal(400, 'invalid_value', "'messages' must be an array with at least one message.");
  }
  let prompt = '';
  messages.forEach((message: unknown, index) => {
    if (!isObject(message) || typeof message.role !== 'string') {
      throw new EngineRefusal(400, 'invalid_value', `messages[${index}] must be an object with a 'role'.`);
    }
    prompt += `<|im_start|>${message.role}\n${contentText(message, index)}<|im_end|>\n`;
  });
  return `${prompt}<|im_start|>assistant\n`;
}

function contentText(message: JsonObject, index: number): string {
  const { content } = message;
  const calls = message.tool_calls === undefined ? '' : JSON.stringify(message.tool_calls);
  if (content === undefined || content === null) return calls;
  if (typeof content === 'string') return content + calls;
  if (Array.isArray(content)) return content.map((part) => partText(part, index)).join('') + calls;
  throw new EngineRefusal(
    400,
    'invalid_value',
    `messages[${index}].content must be a string or an array of parts.`,
  );
}

/** A picture or a sound cannot be read here; its address stands for it, so that the prompt keeps its identity. */
function partText(part: unknown, index: number): string {
  if (!isObject(part)) {
    throw new EngineRefusal(
      400,
      'invalid_value',
      `messages[${index}].content has a part that is not an object.`,
    );
  }
  return typeof part.text === 'string' ? part.text : JSON.stringify(part);
}
