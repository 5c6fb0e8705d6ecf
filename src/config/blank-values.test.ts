import { describe, expect, it } from 'vitest';
import { withoutBlanks } from './blank-values.ts';
import { configJsonSchema } from './json-schema.ts';

const schema = configJsonSchema();
const cleared = (data: unknown) => withoutBlanks(data, [schema]);

describe('a key with nothing behind it', () => {
  it.each([
    ['leaves the default of a section', { queue: null, seed: 1 }, { seed: 1 }],
    [
      'leaves the default of a value',
      { queue: { maxRequests: null, maxTokens: 5 } },
      { queue: { maxTokens: 5 } },
    ],
    [
      'leaves the default in an element',
      { instances: [{ url: 'x', weight: null }] },
      { instances: [{ url: 'x' }] },
    ],
    ['leaves the default in an alternative', { policy: { parameters: null } }, { policy: {} }],
    ['is an empty mapping where it is a name for one', { models: { m: null } }, { models: { m: {} } }],
  ])('%s', (_what, data, without) => {
    expect(cleared(data)).toEqual(without);
  });

  it.each([
    ['is unknown', { colour: null }],
    ['is unknown further in', { queue: { colour: null } }],
    ['is a name for a text', { aliases: { a: null } }],
    ['is no key but an element', { instances: [null] }],
    ['is the whole file', null],
  ])('stays, to be complained of, where it %s', (_what, data) => {
    expect(cleared(data)).toEqual(data);
  });
});
