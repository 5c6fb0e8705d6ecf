/** The building blocks of the schema: numbers with units, addresses, names and secrets. */

import * as z from 'zod';

/** The longest delay that a timer can hold, about 24 days. */
const MAX_TIMER_MS = 2_147_483_647;

export const milliseconds = (min = 1) => z.int().min(min).max(MAX_TIMER_MS);
export const count = (min = 1) => z.int().min(min);
export const port = () => z.int().min(0).max(65_535);
export const share = () => z.number().min(0).max(1);
export const positive = () => z.number().gt(0);

/** Text of a certain form; `words` say which, here and in editors. */
export const textLike = (form: RegExp, words: string) =>
  z.string().regex(form, words).meta({ patternErrorMessage: words });

export const text = () => textLike(/^(?=.*\S)[^\p{Cc}]*$/u, 'text that is not empty, on one line');

export const urlPath = () =>
  textLike(/^\/[^\s?#]*$/, 'a path that begins with "/", without query or fragment');

export const modelName = () =>
  textLike(/^(?=.*\S)[^\p{Cc}]{1,256}$/u, 'text of 1 to 256 characters, on one line');

/** An id goes into headers, metric labels and admin addresses. */
export const instanceId = () =>
  textLike(/^[\w.:@-]{1,128}$/, 'at most 128 letters, digits and any of "._:@-"');

export const environmentName = () =>
  textLike(/^[A-Za-z_]\w*$/, 'the name of an environment variable, not its value');

const BASE_URL = 'an http:// or https:// address without user, password, query and fragment';

/** The base address of an engine. */
export const baseUrl = () =>
  z.string().refine(isBaseUrl, BASE_URL).meta({ format: 'uri', patternErrorMessage: BASE_URL });

function isBaseUrl(value: string): boolean {
  if (!/^https?:\/\//i.test(value) || !URL.canParse(value)) return false;
  const url = new URL(value);
  return url.username === '' && url.password === '' && url.search === '' && url.hash === '';
}

type SecretField<Name extends string> = Name | `${Name}_env` | `${Name}_file`;
type SecretShape<Name extends string> = Readonly<Record<SecretField<Name>, z.ZodOptional<z.ZodString>>>;

/** The three ways to give a secret: as it is, by the name of an environment variable, or by a file that holds it. */
export function secretFields<Name extends string>(name: Name, what: string): SecretShape<Name> {
  const shape = {
    [name]: textLike(/^[\s\S]+$/, 'text that is not empty')
      .optional()
      .describe(
        `${what} Better given by \`${name}_env\` or \`${name}_file\`, so that this file holds no secret.`,
      ),
    [`${name}_env`]: environmentName()
      .optional()
      .describe(`Environment variable that holds \`${name}\`; it must be set.`),
    [`${name}_file`]: text()
      .optional()
      .describe(`File that holds \`${name}\`, relative to this file; blanks around it are cut off.`),
  };
  return shape as SecretShape<Name>;
}

type Overridable = Readonly<Record<string, z.ZodDefault>>;
type OverrideShape<Shape extends Overridable> = {
  [Key in keyof Shape]: z.ZodOptional<ReturnType<Shape[Key]['unwrap']>>;
};

/** The same fields, each optional: what an instance may say otherwise than `section` says for all. */
export function overrideShape<Shape extends Overridable>(
  shape: Shape,
  section: string,
): OverrideShape<Shape> {
  const entries = Object.entries(shape).map(([key, field]) => {
    const inner = field.unwrap() as z.ZodType;
    const description = `${inner.description} Default: that of \`${section}.${key}\`.`;
    return [key, inner.optional().describe(description)];
  });
  return Object.fromEntries(entries) as OverrideShape<Shape>;
}
