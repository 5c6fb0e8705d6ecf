/** What of a task's input its time depends on, where the input is an OpenAI request. */

import type { JsonObject } from '../task.ts';

/** A task is asked about once for each instance that may get it. */
const KNOWN = new WeakMap<JsonObject, string>();

/** Tasks of one shape take about as long: their prompts, and what they may generate, differ by less than a factor of two. */
export function shapeOf(input: JsonObject): string {
  const known = KNOWN.get(input);
  if (known !== undefined) return known;
  const shape = `${doublings(promptCharacters(input))}/${doublings(mostOutputTokens(input))}`;
  KNOWN.set(input, shape);
  return shape;
}

export function promptCharacters({ messages, prompt, input }: JsonObject): number {
  return charactersIn([messages, prompt, input]);
}

const LIMITS = ['max_completion_tokens', 'max_output_tokens', 'max_tokens', 'max_new_tokens'] as const;

/** 0 where no limit is given. */
export function mostOutputTokens(input: JsonObject): number {
  const limit = LIMITS.map((name) => input[name]).find((value) => typeof value === 'number');
  return typeof limit === 'number' && limit > 0 ? limit : 0;
}

function doublings(amount: number): number {
  return Math.ceil(Math.log2(1 + amount));
}

/** Text in strings, in lists, and under the names by which messages and their parts hold it. */
function charactersIn(value: unknown): number {
  let characters = 0;
  const left: unknown[] = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next === 'string') characters += next.length;
    else if (Array.isArray(next)) for (const item of next) left.push(item);
    else if (typeof next === 'object' && next !== null) {
      const { content, text } = next as { readonly content?: unknown; readonly text?: unknown };
      left.push(content, text);
    }
  }
  return characters;
}
