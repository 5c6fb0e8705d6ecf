/** The schema as JSON Schema, for editors and for explaining what is allowed where. */

import * as z from 'zod';
import { BUILT_IN_NAMES, type KnownNames } from './names.ts';
import type { ConfigPath } from './problem.ts';
import { configFileSchema } from './schema/config-file.ts';

export interface JsonSchema {
  readonly $schema?: string;
  readonly $id?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minItems?: number;
  /** What a text must look like, in words; editors show it. */
  readonly patternErrorMessage?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly propertyNames?: JsonSchema;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

const made = new WeakMap<KnownNames, JsonSchema>();

/** What `signalbox.schema.json` holds; made once for the same names. */
export function configJsonSchema(names: KnownNames = BUILT_IN_NAMES): JsonSchema {
  let schema = made.get(names);
  if (schema === undefined) {
    schema = makeJsonSchema(names);
    made.set(names, schema);
  }
  return schema;
}

function makeJsonSchema(names: KnownNames): JsonSchema {
  const schema = z.toJSONSchema(configFileSchema(names), {
    io: 'input',
    override: ({ jsonSchema }) => {
      // Zod states the range of safe integers; to a reader that is no limit.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      // A section that may be left out has its defaults inside; `{}` says nothing.
      if (JSON.stringify(jsonSchema.default) === '{}') delete jsonSchema.default;
    },
  });
  const { $schema, ...rest } = schema as JsonSchema;
  return {
    ...($schema && { $schema }),
    title: 'Signalbox configuration',
    description: 'The one YAML file of Signalbox; see docs/configuration.md.',
    ...rest,
  };
}

/** The schemas that describe the value at `path`: several where alternatives are allowed, none where nothing is. */
export function schemasAt(root: JsonSchema, path: ConfigPath): readonly JsonSchema[] {
  let found = alternatives(root);
  for (const step of path) found = schemasBelow(found, step);
  return found;
}

/** One step further in from any of `schemas`. */
export function schemasBelow(schemas: readonly JsonSchema[], step: string | number): readonly JsonSchema[] {
  return schemas
    .flatMap(alternatives)
    .flatMap((schema) => inner(schema, step))
    .flatMap(alternatives);
}

function alternatives(schema: JsonSchema): readonly JsonSchema[] {
  return schema.anyOf?.flatMap(alternatives) ?? [schema];
}

function inner(schema: JsonSchema, step: string | number): readonly JsonSchema[] {
  if (typeof step === 'number') return schema.items === undefined ? [] : [schema.items];
  const property = Object.hasOwn(schema.properties ?? {}, step) ? schema.properties?.[step] : undefined;
  if (property !== undefined) return [property];
  return typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : [];
}
