import { describe, expect, it } from 'vitest';
import { configJsonSchema, type JsonSchema, schemasAt } from './json-schema.ts';
import { BUILT_IN_NAMES } from './names.ts';

/** Every key of the schema with its own schema; `*` stands for any name, `[]` for an element. */
function* keysOf(schema: JsonSchema, path = ''): Generator<[string, JsonSchema]> {
  for (const alternative of schema.anyOf ?? []) yield* keysOf(alternative, path);
  for (const [key, inner] of Object.entries(schema.properties ?? {})) {
    const innerPath = path === '' ? key : `${path}.${key}`;
    yield [innerPath, inner];
    yield* keysOf(inner, innerPath);
  }
  if (typeof schema.additionalProperties === 'object')
    yield* keysOf(schema.additionalProperties, `${path}.*`);
  if (schema.items !== undefined) yield* keysOf(schema.items, `${path}[]`);
}

const schema = configJsonSchema();
const keys = [...keysOf(schema)];

describe('the JSON Schema', () => {
  it('has every key', () => {
    const names = keys.map(([key]) => key);
    for (const key of [
      'listeners.data.port',
      'instances[].scrape.auth.basic.password_file',
      'auth.keys.*.sha256',
    ]) {
      expect(names).toContain(key);
    }
    expect(names.length).toBeGreaterThan(150);
  });

  it.each(keys)('describes %s', (_key, { description }) => {
    expect(description).toMatch(/^\S.*[.]$|^`/);
  });

  it.each(keys)(
    'says of %s what it is when it is left out',
    (key, { default: byDefault, description, properties }) => {
      const isRequired = [
        'aliases.*[].model',
        'routing.filters[].name',
        'routing.scorers[].name',
        'routing.picker.name',
        'auth.keys.*.sha256',
        'pipelines.model',
      ].includes(key);
      const isWithout =
        isRequired ||
        properties !== undefined ||
        /Default: /.test(description ?? '') ||
        SECRET.test(key) ||
        OPTIONAL.has(key);
      expect(byDefault !== undefined || isWithout).toBe(true);
    },
  );

  it('has no limit that only JavaScript has', () => {
    expect(JSON.stringify(schema)).not.toContain(String(Number.MAX_SAFE_INTEGER));
  });

  it('lists the names of what can be chosen', () => {
    const [scorer] = schemasAt(schema, ['routing', 'scorers', 0, 'name']);
    expect(scorer?.enum).toEqual(BUILT_IN_NAMES.scorers);
    const mine = configJsonSchema({ ...BUILT_IN_NAMES, scorers: ['mine'] });
    expect(schemasAt(mine, ['routing', 'scorers', 0, 'name'])[0]?.enum).toEqual(['mine']);
  });
});

/** What is given in one of three ways, or not at all. */
const SECRET = /(token|apiKey|password|ca|cert|key|secret|store\.url)(_env|_file)?$/;

/** What is simply not there unless it is given. */
const OPTIONAL = new Set([
  ...['$schema', 'models', 'aliases', 'auth.keys'],
  ...['models.*.ttftSloMs', 'models.*.tpotSloMs', 'instances[].gpuType', 'instances[].usdPerHour'],
  ...['instances[].url', 'instances[].simulate', 'instances[].labels', 'instances[].tls.servername'],
  ...['instances[].scrape.tls.servername', 'instances[].scrape.auth.basic.username'],
  ...['waitingRequests', 'runningRequests', 'kvCacheUsage', 'kvCacheTokens', 'prefixCacheHitRate'].map(
    (figure) => `instances[].metricNames.${figure}`,
  ),
]);

describe('schemasAt', () => {
  it.each([
    [['queue', 'maxRequests'], ['integer']],
    [['instances', 3, 'url'], ['string']],
    [['models', 'any name', 'priority'], ['string']],
    [
      ['aliases', 'a'],
      ['string', 'array'],
    ],
    [['aliases', 'a', 0, 'weight'], ['number']],
    [['queue', 'nothing'], []],
    [['queue', 0], []],
    [['toString'], []],
    [[], ['object']],
  ])('%j', (path, types) => {
    expect(schemasAt(schema, path).map(({ type }) => type)).toEqual(types);
  });
});
