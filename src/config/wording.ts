/** Values and rules in words: what was found, and what is allowed. */

import type { JsonSchema } from './json-schema.ts';

const MAX_SHOWN = 60;

/** A value as it may be shown; never the value of a secret. */
export function describeFound(value: unknown, isSecret: boolean): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (value === '') return 'an empty text';
  if (isSecret) return typeof value === 'string' ? 'a text that is not shown' : `a ${typeof value}`;
  const shown = typeof value === 'string' ? JSON.stringify(withoutCredentials(value)) : String(value);
  return shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN - 1)}…` : shown;
}

function withoutCredentials(value: string): string {
  return value.replace(/:\/\/[^\s/@]+@/, '://***@');
}

/** What a value may be, from the schemas of its place. */
export function describeAllowed(schemas: readonly JsonSchema[], key: string): string {
  return [...new Set(schemas.map((schema) => describeOne(schema, key)))].join(', or ');
}

function describeOne(schema: JsonSchema, key: string): string {
  if (schema.enum !== undefined) return describeChoice(schema.enum);
  switch (schema.type) {
    case 'boolean':
      return 'true or false';
    case 'integer':
      return `a whole number${unitOf(key)}${rangeOf(schema)}`;
    case 'number':
      return `a number${unitOf(key)}${rangeOf(schema)}`;
    case 'array':
      return `a list of ${describeItems(schema.items)}${(schema.minItems ?? 0) > 0 ? ', not empty' : ''}`;
    case 'object':
      return describeMapping(schema);
    default:
      return schema.patternErrorMessage ?? 'text';
  }
}

function describeChoice(values: readonly unknown[]): string {
  return values.length === 1 ? String(values[0]) : `one of ${values.join(', ')}`;
}

function describeMapping(schema: JsonSchema): string {
  const keys = Object.keys(schema.properties ?? {});
  if (keys.length === 0) return 'a mapping of names';
  return keys.length > 6 ? 'a mapping' : `a mapping with ${keys.join(', ')}`;
}

function describeItems(items: JsonSchema | undefined): string {
  if (items?.enum !== undefined) return items.enum.join(', ');
  if (items?.type === 'object') return 'mappings';
  return items?.type === 'integer' ? 'whole numbers' : 'texts';
}

function unitOf(key: string): string {
  if (key.endsWith('Ms')) return ' of milliseconds';
  return key.endsWith('Bytes') ? ' of bytes' : '';
}

function rangeOf({ minimum, maximum, exclusiveMinimum }: JsonSchema): string {
  if (exclusiveMinimum !== undefined) return ` above ${exclusiveMinimum}`;
  if (minimum === undefined) return maximum === undefined ? '' : ` of at most ${maximum}`;
  return maximum === undefined ? ` of at least ${minimum}` : ` from ${minimum} to ${maximum}`;
}

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  sec: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  b: 1,
  kb: 1_000,
  mb: 1_000_000,
  gb: 1_000_000_000,
  kib: 1_024,
  mib: 1_024 ** 2,
  gib: 1_024 ** 3,
};

/** A number or a truth value written as people do elsewhere (`30s`, `32MiB`, `"8080"`, `yes`), as it is written here. */
export function rewriteScalar(value: string, schemas: readonly JsonSchema[]): string | undefined {
  const isExpected = (...types: string[]) => schemas.some(({ type }) => type && types.includes(type));
  if (isExpected('boolean')) {
    if (/^(true|yes|on|1)$/i.test(value)) return 'true';
    if (/^(false|no|off|0)$/i.test(value)) return 'false';
  }
  if (!isExpected('integer', 'number')) return undefined;
  const [, digits, unit] = /^\s*([\d_]+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(value) ?? [];
  const factor = unit === '' ? 1 : UNITS[unit?.toLowerCase() ?? ''];
  if (digits === undefined || factor === undefined) return undefined;
  return String(Number(digits.replaceAll('_', '')) * factor);
}
