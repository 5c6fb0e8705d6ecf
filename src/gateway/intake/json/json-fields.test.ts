import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonSyntaxError } from './json-cursor.ts';
import { fieldFinder, findFields, typeAt, valueAt } from './json-fields.ts';

const NAMES = ['model', 'stream', 'user', 'messages'] as const;
const FINDER = fieldFinder(NAMES, ['image_url'], 32);

/** The wanted fields of a text, parsed. */
function wanted(text: string): Record<string, unknown> | undefined {
  const body = Buffer.from(text);
  const fields = findFields(body, FINDER);
  if (fields === undefined) return undefined;
  return Object.fromEntries(
    NAMES.filter((name) => fields[name]).map((name) => [name, valueAt(body, fields[name]!)]),
  );
}

/** The same by way of the whole tree. */
function oracle(text: string): Record<string, unknown> {
  const all = JSON.parse(text) as Record<string, unknown>;
  return Object.fromEntries(
    NAMES.filter((name) => Object.hasOwn(all, name)).map((name) => [name, all[name]]),
  );
}

describe('findFields', () => {
  it.each([
    { what: 'plain fields', text: '{"model":"m","stream":true,"other":1}' },
    { what: 'white space everywhere', text: ' {\n\t"model" :\r "m" , "stream" : false }\n' },
    { what: 'the last of two equal keys', text: '{"model":"first","model":"last"}' },
    {
      what: 'a nested key of the same name',
      text: '{"a":{"model":"inner"},"model":"outer","b":[{"model":"x"}]}',
    },
    { what: 'a nested key only', text: '{"a":{"model":"inner"}}' },
    { what: 'a key with escapes', text: '{"m\\u006fdel":"m","str\\u0065am":true}' },
    { what: 'an escaped key after a plain one', text: '{"model":"first","\\u006dodel":"last"}' },
    { what: 'a key that another begins with', text: '{"models":"x","mode":"y","model":"z","Model":"w"}' },
    { what: 'a value with escapes', text: '{"model":"a\\"b\\\\c\\u00e9\\ud83d\\ude82"}' },
    { what: 'a value in other scripts', text: '{"model":"模型-é-🚂"}' },
    { what: 'a value that looks like a field', text: '{"user":"\\"model\\":\\"x\\"","model":"m"}' },
    { what: 'every type', text: '{"model":null,"stream":-1.5e3,"user":{"a":[1]},"messages":[]}' },
    { what: 'an empty object', text: '{}' },
    { what: 'a key of the prototype', text: '{"__proto__":{"model":"x"},"constructor":1,"model":"m"}' },
  ])('finds $what as JSON.parse does', ({ text }) => {
    expect(wanted(text)).toEqual(oracle(text));
  });

  it.each(['[]', '"model"', '1', 'null', '[{"model":"m"}]'])(
    'finds nothing in %s, which is no object',
    (text) => {
      expect(wanted(text)).toBeUndefined();
    },
  );

  it('agrees with JSON.parse on any object, with wanted names strewn at every depth, in any spelling', () => {
    const key = fc.oneof(fc.constantFrom(...NAMES, 'image_url'), fc.string());
    const { object } = fc.letrec((tie) => ({
      object: fc.dictionary(key, tie('value'), { maxKeys: 8 }),
      value: fc.oneof(
        { maxDepth: 5 },
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.double({ noNaN: true, noDefaultInfinity: true }),
          fc.boolean(),
          fc.constant(null),
        ),
        fc.array(tie('value'), { maxLength: 4 }),
        tie('object'),
      ),
    }));
    fc.assert(
      fc.property(object, fc.nat(2), (value, indent) => {
        const text = Buffer.from(JSON.stringify(value, null, indent)).toString();
        expect(wanted(text)).toEqual(oracle(text));
        const escaped = text.replaceAll('"model"', '"m\\u006fdel"').replaceAll('"stream"', '"\\u0073tream"');
        expect(wanted(escaped)).toEqual(oracle(escaped));
      }),
      { numRuns: 400 },
    );
  });

  it('lets the last of many equal keys count', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(...NAMES), fc.jsonValue()), { maxLength: 12 }),
        (pairs) => {
          const text = `{${pairs.map(([name, value]) => `"${name}":${JSON.stringify(value)}`).join(' ,')}}`;
          expect(wanted(text)).toEqual(oracle(text));
        },
      ),
    );
  });

  it('measures each field by itself', () => {
    const body = Buffer.from(
      '{"user":"abc","messages":["de",1,{"f":"gh","image_url":"xxxx"}],"model":"m","else":[9,9]}',
    );
    const fields = findFields(body, FINDER)!;
    expect(fields.messages).toMatchObject({ stringBytes: 4, numbers: 1, attachments: 1, elements: 3 });
    expect(fields.user).toMatchObject({ stringBytes: 3, numbers: 0, attachments: 0, elements: 0 });
    expect(body.toString('utf8', fields.model!.start, fields.model!.end)).toBe('"m"');
  });

  it('reads a view into a larger buffer', () => {
    const text = '{"model":"m","user":"é"}';
    const view = new Uint8Array(Buffer.from(`xx${text}yy`).buffer, 0).slice();
    const start = Buffer.from(view).indexOf(text);
    const body = view.subarray(start, start + Buffer.byteLength(text));
    const fields = findFields(body, FINDER)!;
    expect(valueAt(body, fields.user!)).toBe('é');
  });
});

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('bad UTF-8', () => {
  it.each([
    { what: 'a lone continuation byte', bytes: [0x80], at: 0 },
    { what: 'a character cut short', bytes: [0xe6, 0xbc], at: 2 },
    { what: 'an overlong slash', bytes: [0xc0, 0xaf], at: 0 },
    { what: 'a surrogate', bytes: [0xed, 0xa0, 0x80], at: 1 },
    { what: 'a byte that never occurs', bytes: [0x61, 0xc3, 0xa9, 0xff], at: 3 },
  ])('is refused where it begins: $what', ({ bytes, at }) => {
    const head = '{"model":"m","user":"';
    const body = Buffer.concat([Buffer.from(head), Buffer.from(bytes), Buffer.from('"}')]);
    const found = thrownBy(() => findFields(body, FINDER));
    expect(found).toBeInstanceOf(JsonSyntaxError);
    expect(found).toMatchObject({ message: 'found a byte that is not UTF-8', at: head.length + at });
  });

  it.each([0, 1, 2, 3])('is found wherever it lies in a long text, characters shifted by %i', (shift) => {
    const text = Buffer.from(`${' '.repeat(shift)}{"user":"${'漢'.repeat(60_000)}"}`);
    for (const at of [65_534, 65_535, 65_536, 65_537, 65_538, 131_071, 131_072, 131_073, text.length - 1]) {
      const body = Buffer.from(text);
      body[at] = 0xff;
      expect(thrownBy(() => findFields(body, FINDER))).toMatchObject({
        message: 'found a byte that is not UTF-8',
        at,
      });
    }
  });

  it('is found in a long text of nothing else', () => {
    const found = thrownBy(() => findFields(Buffer.alloc(200_000, 0x80), FINDER));
    expect(found).toMatchObject({ message: 'found a byte that is not UTF-8', at: 0 });
  });
});

describe('typeAt', () => {
  it.each([
    ['{"user":{}}', 'object'],
    ['{"user":[]}', 'array'],
    ['{"user":""}', 'string'],
    ['{"user":-1}', 'number'],
    ['{"user":true}', 'boolean'],
    ['{"user":false}', 'boolean'],
    ['{"user":null}', 'null'],
  ])('of %s is %s', (text, type) => {
    const body = Buffer.from(text);
    expect(typeAt(body, findFields(body, FINDER)!.user!)).toBe(type);
  });
});
