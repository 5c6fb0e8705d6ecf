/** What routes are asked with; each schema's message says what is allowed. */

import { z } from '@hono/zod-openapi';

const NAME_LENGTH = 256;

/** A name of something: an id, a model. */
export const name = (description: string) => {
  const allowed = `a text of 1 to ${NAME_LENGTH} characters`;
  return z.string(allowed).min(1, allowed).max(NAME_LENGTH, allowed).openapi({ description });
};

export const wholeNumber = (min: number, max: number, description: string) => {
  const allowed = `a whole number from ${min} to ${max}`;
  return z.coerce.number(allowed).int(allowed).min(min, allowed).max(max, allowed).openapi({ description });
};

/** A number above `min` and up to `max`. */
export const amount = (min: number, max: number, description: string) => {
  const allowed = `a number above ${min} and up to ${max}`;
  return z.coerce.number(allowed).gt(min, allowed).max(max, allowed).openapi({ description });
};

/** One of these words. */
export const oneOf = <const Words extends readonly [string, ...string[]]>(
  words: Words,
  description: string,
) => z.enum(words, `one of ${words.join(', ')}`).openapi({ description });

/** A query that has these parameters and no others. */
export function query<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, `one of ${Object.keys(shape).join(', ')}`);
}
