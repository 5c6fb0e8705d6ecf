/** Every key of the schema, tried at its bounds and beyond them. */

import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { configJsonSchema, type JsonSchema } from '../json-schema.ts';
import { parseConfig } from '../parse-config.ts';
import { type ReferenceEntry, referenceEntries } from '../reference.ts';

/** What must stand beside a key for the rest of the file to be right. */
const BESIDE: readonly (readonly [RegExp, string, unknown])[] = [
  [/^instances\[\]\.(speed|count|dialect|simulate)/, 'instances.0.simulate', 'llama-3-8b@h100'],
  [/^instances\[\](?!\.(speed|count|dialect|simulate))/, 'instances.0.url', 'http://a'],
  [/\.basic\.password/, 'instances.0.scrape.auth.basic.username', 'u'],
  [/^aliases/, 'aliases.name.0.model', 'm'],
  [/^routing\.scorers/, 'routing.scorers.0.name', 'load'],
  [/^prediction\.predictor/, 'prediction.lookup.file', 'times.json'],
  [/^prediction\.predictor/, 'prediction.external.url', 'http://a'],
  [/^pipelines/, 'pipelines.model', 'model.json'],
  [/^auth/, 'auth.keys.name.sha256', 'a'.repeat(64)],
  [/^health\.ejection\.maxMs/, 'health.ejection.baseMs', 1],
  [/^health\.ejection\.baseMs/, 'health.ejection.maxMs', 2_147_483_647],
];

/** A file that says `value` at `path`, and no more than that needs. */
function fileWith(path: string, value: unknown): string {
  const root: Record<string, unknown> = {};
  for (const [pattern, place, needed] of BESIDE) if (pattern.test(path)) put(root, place.split('.'), needed);
  put(root, path.replaceAll('[]', '.0').replaceAll('<name>', 'name').split('.'), value);
  return stringify(root);
}

function put(target: Record<string, unknown>, [step = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    target[step] = value;
    return;
  }
  target[step] ??= rest[0] === '0' ? [] : {};
  put(target[step] as Record<string, unknown>, rest, value);
}

/** The places, as paths, of what is wrong with a file that says `value` at `path`. */
function wrongWith({ path }: ReferenceEntry, value: unknown): readonly string[] {
  const result = parseConfig(fileWith(path, value));
  return result.ok ? [] : result.problems.map((problem) => problem.path);
}

const placeOf = ({ path }: ReferenceEntry) => path.replaceAll('[]', '[0]').replaceAll('<name>', 'name');

const entries = referenceEntries(configJsonSchema(), '');
const ofType = (...types: string[]) =>
  entries.filter(({ schema }) => schema.type !== undefined && types.includes(schema.type));
const numbers = ofType('integer', 'number');

describe.each(numbers)('the number $path', (entry) => {
  const { minimum, maximum, exclusiveMinimum, type } = entry.schema;

  it('may be as small as its schema says, and no smaller', () => {
    if (minimum !== undefined) {
      expect(wrongWith(entry, minimum)).toEqual([]);
      expect(wrongWith(entry, minimum - 1)).toEqual([placeOf(entry)]);
    } else {
      expect(wrongWith(entry, (exclusiveMinimum ?? Number.NaN) + 0.001)).toEqual([]);
      expect(wrongWith(entry, exclusiveMinimum)).toEqual([placeOf(entry)]);
    }
  });

  it('may be as large as its schema says, and no larger', () => {
    const isTaken = entry.path === 'health.ejection.baseMs';
    if (maximum === undefined) {
      expect(wrongWith(entry, 4_000_000_000)).toEqual([]);
      return;
    }
    if (!isTaken) expect(wrongWith(entry, maximum)).toEqual([]);
    expect(wrongWith(entry, maximum + 1)).toEqual([placeOf(entry)]);
  });

  it('is a number, and a whole one where it must be', () => {
    for (const value of ['x', true, [1], { a: 1 }, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(wrongWith(entry, value)).toEqual([placeOf(entry)]);
    }
    const fraction = (minimum ?? exclusiveMinimum ?? 0) + 0.5;
    expect(wrongWith(entry, fraction)).toEqual(type === 'integer' ? [placeOf(entry)] : []);
  });
});

describe.each(ofType('boolean'))('the truth value $path', (entry) => {
  it('is true or false', () => {
    for (const value of ['yes', 0, [], {}]) expect(wrongWith(entry, value)).toEqual([placeOf(entry)]);
    expect(wrongWith(entry, true)).toEqual([]);
    expect(wrongWith(entry, false)).toEqual([]);
  });
});

describe.each(entries.filter(({ schema }) => schema.enum !== undefined))('the choice $path', (entry) => {
  it('may be each of its words, and no other', () => {
    for (const word of entry.schema.enum ?? []) expect(wrongWith(entry, word)).toEqual([]);
    for (const value of ['no such word', 5, [], {}])
      expect(wrongWith(entry, value)).toEqual([placeOf(entry)]);
  });
});

describe.each(ofType('string').filter(({ schema }) => schema.enum === undefined))(
  'the text $path',
  (entry) => {
    it('is a text', () => {
      for (const value of [5, true, [], {}]) expect(wrongWith(entry, value)).toEqual([placeOf(entry)]);
    });

    it('is not empty', () => {
      if (entry.path === '$schema') return;
      expect(wrongWith(entry, '')).toEqual([placeOf(entry)]);
    });
  },
);

const isSection = ({ properties }: JsonSchema) => properties !== undefined;

describe.each(entries.filter(({ schema }) => isSection(schema)))('the section $path', (entry) => {
  it('is a mapping', () => {
    for (const value of [5, 'x', [], true]) expect(wrongWith(entry, value)).toEqual([placeOf(entry)]);
  });

  it('has no other keys than its own', () => {
    expect(wrongWith(entry, { colour: 'red' })).toContain(`${placeOf(entry)}.colour`);
  });
});
