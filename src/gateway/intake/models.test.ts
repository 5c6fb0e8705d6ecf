import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../domain/index.ts';
import { refusalOf } from './__fixtures__/refusal-of.ts';
import { type Aliases, createModelCatalogue } from './models.ts';

const FLEET = ['llama-3-8b', 'llama-3-70b', 'sql-adapter'];
const ALIASES: Aliases = {
  'gpt-4o': [{ model: 'llama-3-70b', weight: 1 }],
  canary: [
    { model: 'llama-3-8b', weight: 9 },
    { model: 'llama-3-70b', weight: 1 },
  ],
  'half-gone': [
    { model: 'vanished', weight: 99 },
    { model: 'llama-3-8b', weight: 1 },
  ],
  gone: [{ model: 'vanished', weight: 1 }],
  'sql-adapter': [{ model: 'llama-3-8b', weight: 1 }],
};

const catalogue = (fleet = FLEET, aliases = ALIASES, seed = 1) =>
  createModelCatalogue(() => fleet, aliases, seededRandom(seed));

describe('resolve', () => {
  it.each([
    ['llama-3-8b', 'llama-3-8b'],
    ['gpt-4o', 'llama-3-70b'],
    ['half-gone', 'llama-3-8b'],
    ['sql-adapter', 'llama-3-8b'],
  ])('makes of %s %s', (requested, model) => {
    expect(catalogue().resolve(requested, {})).toBe(model);
  });

  it('draws from several by their weights, the same with the same seed', () => {
    const draws = (seed: number) => {
      const models = catalogue(FLEET, ALIASES, seed);
      return Array.from({ length: 2000 }, () => models.resolve('canary', {}));
    };
    const share = draws(1).filter((model) => model === 'llama-3-70b').length / 2000;
    expect(share).toBeGreaterThan(0.07);
    expect(share).toBeLessThan(0.13);
    expect(draws(7)).toEqual(draws(7));
    expect(draws(7)).not.toEqual(draws(8));
  });

  it('draws only what the fleet has, for any weights', () => {
    const targets = fc.array(
      fc.record({
        model: fc.constantFrom('a', 'b', 'c', 'd'),
        weight: fc.double({ min: 0.001, max: 100, noNaN: true }),
      }),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(
        targets,
        fc.subarray(['a', 'b', 'c', 'd'], { minLength: 1 }),
        fc.integer(),
        (alias, fleet, seed) => {
          fc.pre(alias.some(({ model }) => fleet.includes(model)));
          expect(fleet).toContain(catalogue(fleet, { alias }, seed).resolve('alias', {}));
        },
      ),
    );
  });

  it('says of an unknown model what exists and what may have been meant', () => {
    expect(refusalOf(() => catalogue().resolve('llama-3-80b', {}))).toMatchObject({
      code: 'model_not_found',
      status: 404,
      param: 'model',
      message:
        "The model 'llama-3-80b' does not exist here. Did you mean 'llama-3-8b'? " +
        'There are: llama-3-8b, llama-3-70b, sql-adapter, gpt-4o, canary, half-gone, gone.',
    });
  });

  it('cuts a long name and a long list short', () => {
    const fleet = Array.from({ length: 500 }, (_, index) => `model-${index}`);
    const { message } = refusalOf(() => catalogue(fleet, {}).resolve('x'.repeat(1_000_000), {}));
    expect(message).toContain('and 480 more');
    expect(message.length).toBeLessThan(500);
  });

  it('says of an alias that leads nowhere what it stands for', () => {
    expect(refusalOf(() => catalogue().resolve('gone', {}))).toMatchObject({
      code: 'model_not_found',
      message: "The model 'gone' is an alias of vanished, which no engine serves.",
    });
  });

  it.each(['llama-3-8b', 'gpt-4o'])(
    'lets the caller of %s come again while no engine is known at all',
    (requested) => {
      expect(refusalOf(() => catalogue([]).resolve(requested, {}))).toMatchObject({
        code: 'no_instance_available',
        status: 503,
        retryable: true,
        retryAfterMs: 2000,
      });
    },
  );

  it.each(['__proto__', 'constructor', 'toString'])('does not take %s for an alias', (requested) => {
    expect(refusalOf(() => catalogue().resolve(requested, {})).code).toBe('model_not_found');
  });

  it('follows the fleet as it changes', () => {
    let fleet = ['a'];
    const models = createModelCatalogue(() => fleet, {}, seededRandom(1));
    expect(refusalOf(() => models.resolve('b', {})).code).toBe('model_not_found');
    fleet = ['a', 'b'];
    expect(models.resolve('b', {})).toBe('b');
  });
});

describe('a key for some models', () => {
  const key = { name: 'k', models: new Set(['gpt-4o', 'llama-3-8b']) };

  it('may ask for these, under the names it was given', () => {
    expect(catalogue().resolve('gpt-4o', key)).toBe('llama-3-70b');
    expect(catalogue().resolve('llama-3-8b', key)).toBe('llama-3-8b');
  });

  it.each(['llama-3-70b', 'no-such-model'])('may not ask for %s, whether it exists or not', (requested) => {
    expect(refusalOf(() => catalogue().resolve(requested, key))).toMatchObject({
      code: 'model_not_allowed',
      status: 403,
      param: 'model',
      message: `This API key is not for the model '${requested}'; it is for: gpt-4o, llama-3-8b.`,
    });
  });

  it('sees only these, and hears of no others', () => {
    expect(catalogue().namesFor(key)).toEqual(['llama-3-8b', 'gpt-4o']);
    expect(catalogue().notFound('sql-adapter', key).message).not.toContain('sql-adapter,');
  });
});

describe('namesFor', () => {
  it('is the union of fleet and aliases, each once, the fleet first', () => {
    expect(catalogue().namesFor({})).toEqual([...FLEET, 'gpt-4o', 'canary', 'half-gone', 'gone']);
  });

  it('is empty where there is nothing', () => {
    expect(catalogue([], {}).namesFor({})).toEqual([]);
  });
});
