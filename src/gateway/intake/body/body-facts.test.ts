import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withModel } from './body-facts.ts';
import { readJsonBody } from './json-body.ts';
import { DEFAULT_TOKEN_ESTIMATE } from './prompt-tokens.ts';

const OPTIONS = { estimate: DEFAULT_TOKEN_ESTIMATE, promptTextChars: 0 };

describe('another model’s name in the body', () => {
  it.each([
    ['{"model":"a","x":1}', '{"model":"longer name","x":1}'],
    [
      '{ "x" : "a" , "model" :\t"a" , "y" : [ 1.0 , 1e2 ] }',
      '{ "x" : "a" , "model" :\t"longer name" , "y" : [ 1.0 , 1e2 ] }',
    ],
    ['{"model":"first","model":"a"}', '{"model":"first","model":"longer name"}'],
    ['{"m\\u006fdel":"\\u0061"}', '{"m\\u006fdel":"longer name"}'],
  ])('%s becomes %s', (text, expected) => {
    const body = Buffer.from(text);
    const facts = readJsonBody(body, 'other', OPTIONS);
    expect(Buffer.from(withModel(body, facts.modelPlace, 'longer name')).toString()).toBe(expected);
    expect(body.toString()).toBe(text);
  });

  it('changes the model and not one byte else, for any names and fields', () => {
    const fields = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(
        fields,
        fields,
        fc.string({ minLength: 1 }),
        fc.string({ unit: 'grapheme' }),
        (before, after, from, to) => {
          const head = JSON.stringify(before).slice(1, -1);
          const tail = JSON.stringify({ ...after, end: 1 })
            .slice(1)
            .replaceAll('"model":', '"Model":');
          const prefix = `{${head}${head === '' ? '' : ','} "model" : `;
          const body = Buffer.from(`${prefix}${JSON.stringify(from)} ,${tail}`);
          const { model, modelPlace } = readJsonBody(body, 'other', OPTIONS);
          expect(model).toBe(from);
          expect(Buffer.from(withModel(body, modelPlace, to)).toString()).toBe(
            `${prefix}${JSON.stringify(to)} ,${tail}`,
          );
        },
      ),
    );
  });
});
