/** Every key of the configuration as Markdown tables, made from the schema, for docs/configuration.md. */

import { configJsonSchema, type JsonSchema } from './json-schema.ts';
import { describeAllowed } from './wording.ts';

/** One key: its path, with `[]` for an element and `<name>` for a name of one's own. */
export interface ReferenceEntry {
  readonly path: string;
  readonly schema: JsonSchema;
}

/** A heading and a table for each section of the file. */
export function configReference(root: JsonSchema = configJsonSchema()): string {
  const sections = Object.entries(root.properties ?? {});
  return sections.map(([name, schema]) => sectionText(name, schema)).join('\n');
}

/** Every key in `schema`, those of sections before what is in them. */
export function referenceEntries(schema: JsonSchema, path: string): ReferenceEntry[] {
  const nested = (inner: JsonSchema, innerPath: string) => referenceEntries(inner, innerPath);
  const { anyOf = [], properties = {}, additionalProperties, items } = schema;
  return [
    ...anyOf.flatMap((alternative) => nested(alternative, path)),
    ...Object.entries(properties).flatMap(([key, inner]) => {
      const entry = { path: path === '' ? key : `${path}.${key}`, schema: inner };
      return [entry, ...nested(inner, entry.path)];
    }),
    ...(typeof additionalProperties === 'object' ? nested(additionalProperties, `${path}.<name>`) : []),
    ...(items === undefined ? [] : nested(items, `${path}[]`)),
  ];
}

function sectionText(name: string, schema: JsonSchema): string {
  const entries = referenceEntries(schema, name).filter(({ schema: inner }) => !isPlainSection(inner));
  const own = isPlainSection(schema) ? [] : [{ path: name, schema }];
  const rows = [...own, ...entries].map(rowOf);
  const head = ['| key | what it may be | default | what it does |', '|---|---|---|---|'];
  return `### \`${name}\`\n\n${meaningOf(schema)}\n\n${[...head, ...rows].join('\n')}\n`;
}

/** A section only groups keys, each of which has a row of its own. */
function isPlainSection({ type, properties }: JsonSchema): boolean {
  return type === 'object' && properties !== undefined;
}

function rowOf({ path, schema }: ReferenceEntry): string {
  const key = path.split(/[.[\]]/).findLast((part) => part !== '') ?? '';
  const allowed = describeAllowed(schema.anyOf ?? [schema], key);
  const cells = [`\`${path}\``, allowed, defaultOf(schema), meaningOf(schema)];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** "Default: …" up to the end of its sentence; dots within code do not end it. */
const DEFAULT_IN_WORDS = /\s*Default: ((?:`[^`]*`|[^.`])*)\./;

function defaultOf(schema: JsonSchema): string {
  if (schema.default !== undefined) return `\`${textOf(schema.default)}\``;
  return DEFAULT_IN_WORDS.exec(schema.description ?? '')?.[1] ?? '';
}

function meaningOf({ description = '' }: JsonSchema): string {
  return description.replace(DEFAULT_IN_WORDS, '');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
