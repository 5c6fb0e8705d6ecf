import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from './parse-config.ts';

const SIMULATED = 'instances: [{simulate: llama-3-8b@h100}, {simulate: llama-3-70b@h100x4}]\n';

function aliasesOf(aliases: unknown, instances = '') {
  const result = parseConfig(`${instances}aliases: ${JSON.stringify(aliases)}`);
  return result.ok ? result.config.aliases : result.problems.map(({ path }) => path);
}

describe('an alias', () => {
  it('stands for one model', () => {
    expect(aliasesOf({ 'gpt-4o': 'llama-3-8b' }, SIMULATED)).toEqual({
      'gpt-4o': [{ model: 'llama-3-8b', weight: 1 }],
    });
  });

  it('stands for several, whose shares sum to 1', () => {
    const balanced = [{ model: 'llama-3-8b', weight: 3 }, { model: 'llama-3-70b' }];
    expect(aliasesOf({ balanced }, SIMULATED)).toEqual({
      balanced: [
        { model: 'llama-3-8b', weight: 0.75 },
        { model: 'llama-3-70b', weight: 0.25 },
      ],
    });
  });

  it('may stand for another alias, which is followed', () => {
    const aliases = { a: [{ model: 'b' }, { model: 'm' }], b: [{ model: 'm' }, { model: 'n', weight: 3 }] };
    expect(aliasesOf(aliases)).toMatchObject({
      a: [
        { model: 'm', weight: 0.625 },
        { model: 'n', weight: 0.375 },
      ],
    });
  });

  it('may stand for an adapter', () => {
    const instances = 'instances: [{url: "http://a", models: [m], adapters: [lora]}]\n';
    expect(aliasesOf({ a: 'lora' }, instances)).toHaveProperty('a');
  });

  it('of a model that nobody serves is refused when all models are known', () => {
    expect(aliasesOf({ a: 'mistral' }, SIMULATED)).toEqual(['aliases.a']);
  });

  it.each([
    ['an instance lists its models only when it is asked', 'instances: [{url: "http://a"}]\n'],
    ['no instances are configured, so that others must come', ''],
  ])('of any model is accepted while %s', (_why, instances) => {
    expect(aliasesOf({ a: 'mistral' }, instances)).toHaveProperty('a');
  });

  it('is not blamed for the mistake of an instance', () => {
    expect(aliasesOf({ a: 'm' }, 'instances: [{url: 5}, {url: "http://b", models: [x]}]\n')).toEqual([
      'instances[0].url',
    ]);
  });

  it('that hides a model of the same name is warned of', () => {
    const { warnings } = parseConfig(`${SIMULATED}aliases: {llama-3-8b: llama-3-70b}`);
    expect(warnings.map(({ message }) => message)).toEqual([
      'the alias "llama-3-8b" hides a model of the same name',
    ]);
  });

  it.each(['toString', 'constructor', 'hasOwnProperty'])('may be called %s', (name) => {
    expect(aliasesOf({ [name]: 'm' })).toEqual({ [name]: [{ model: 'm', weight: 1 }] });
  });
});

describe('any aliases', () => {
  const names = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'm', 'n');
  const targets = fc.oneof(
    names,
    fc.array(fc.record({ model: names, weight: fc.integer({ min: 1, max: 9 }) }), {
      minLength: 1,
      maxLength: 4,
    }),
  );

  it('either go round in a circle and are refused, or end at models with shares that sum to 1', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), targets), (aliases) => {
        const resolved = aliasesOf(aliases);
        if (Array.isArray(resolved)) return resolved.every((path) => path.startsWith('aliases.'));
        return Object.values(resolved).every((shares: readonly { model: string; weight: number }[]) => {
          const sum = shares.reduce((total, { weight }) => total + weight, 0);
          return Math.abs(sum - 1) < 1e-9 && shares.every(({ model }) => !Object.hasOwn(aliases, model));
        });
      }),
    );
  });
});
