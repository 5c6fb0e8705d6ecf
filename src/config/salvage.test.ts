import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUILT_IN_NAMES } from './names.ts';
import { salvage } from './salvage.ts';
import { configFileSchema } from './schema/config-file.ts';

const schema = configFileSchema(BUILT_IN_NAMES);
const salvaged = (data: unknown) => salvage(data, schema);

describe('salvage', () => {
  it('leaves what is right as it is', () => {
    expect(salvaged({ queue: { maxRequests: 7 } })).toEqual(schema.parse({ queue: { maxRequests: 7 } }));
  });

  it('puts the default in place of a value that is wrong', () => {
    const file = salvaged({ queue: { maxRequests: 'many', noInstanceWaitMs: 5 } });
    expect(file?.queue).toMatchObject({ maxRequests: 10_000, noInstanceWaitMs: 5 });
  });

  it('takes out keys that nobody knows', () => {
    expect(salvaged({ colour: 'red', logging: { colour: 'red', level: 'warn' } })?.logging.level).toBe(
      'warn',
    );
  });

  it('keeps the length of lists, so that places in them stay true', () => {
    const file = salvaged({ instances: ['nope', { url: 5 }, { url: 'http://a' }, null] });
    expect(file?.instances.map(({ url }) => url)).toEqual([undefined, undefined, 'http://a', undefined]);
  });

  it('puts a stand-in where a required text is wrong', () => {
    const file = salvaged({ aliases: { a: [{ model: 5, weight: 2 }, { model: 'm' }] } });
    expect(file?.aliases.a).toEqual([
      { model: 'signalbox-salvaged', weight: 2 },
      { model: 'm', weight: 1 },
    ]);
  });

  it('gives up what contains a mistake that nothing can stand in for', () => {
    const sha256 = 'a'.repeat(64);
    const file = salvaged({ auth: { keys: { bad: { sha256: 'x' }, good: { sha256 } } } });
    expect(Object.keys(file?.auth.keys ?? {})).toEqual(['good']);
  });

  it('makes the default configuration of what is no mapping', () => {
    expect(salvaged('hello')).toEqual(schema.parse({}));
  });

  it('does not touch what it was given', () => {
    const data = { queue: { maxRequests: 'many' } };
    salvaged(data);
    expect(data).toEqual({ queue: { maxRequests: 'many' } });
  });

  it('makes something whole of nearly anything under the known keys', () => {
    const sections = fc.constantFrom(
      'listeners',
      'instances',
      'aliases',
      'routing',
      'policy',
      'auth',
      'scrape',
    );
    fc.assert(
      fc.property(fc.dictionary(sections, fc.jsonValue()), (data) => {
        const file = salvaged(data);
        return file === undefined || schema.safeParse(file).success;
      }),
      { numRuns: 50 },
    );
  });
});
