import { describe, expect, it } from 'vitest';
import { MAX_FILE_BYTES, readDocument } from './document.ts';
import { positionOfKey, positionOfValue } from './positions.ts';

const dataOf = (source: string) => {
  const { data, problems } = readDocument(source);
  expect(problems).toEqual([]);
  return data;
};

const messagesOf = (source: string) =>
  readDocument(source).problems.map(({ line, column, message }) => `${line}:${column} ${message}`);

describe('what YAML says', () => {
  it.each([
    ['nothing', '', undefined],
    ['only comments', '# nothing here\n', undefined],
    ['a byte order mark before the text', '\uFEFFa: 1', { a: 1 }],
    ['nested mappings and lists', 'a:\n  - b: 1\n  - [x, 2]', { a: [{ b: 1 }, ['x', 2]] }],
    ['flow style, as in JSON', '{"a": [true, null, 1.5]}', { a: [true, null, 1.5] }],
    ['a key with nothing behind it', 'a:\nb: 1', { a: null, b: 1 }],
    ['windows line ends', 'a: 1\r\nb: 2\r\n', { a: 1, b: 2 }],
    ['yes, which is a text since YAML 1.2', 'a: yes', { a: 'yes' }],
    ['numbers as keys, kept as they were written', '1.50: a\n0x10: b', { '1.50': 'a', '0x10': 'b' }],
    ['quoted keys', '"a b": 1', { 'a b': 1 }],
    ['a text of several lines', 'a: |\n  x\n  y\n', { a: 'x\ny\n' }],
  ])('reads %s', (_what, source, data) => {
    expect(dataOf(source)).toEqual(data);
  });

  it('resolves anchors where they are referred to', () => {
    expect(dataOf('a: &x {b: 1}\nc: *x\nd: [*x]')).toEqual({ a: { b: 1 }, c: { b: 1 }, d: [{ b: 1 }] });
  });

  it('takes the last anchor of a name that stands before the reference', () => {
    expect(dataOf('a: &x 1\nb: &x 2\nc: *x')).toEqual({ a: 1, b: 2, c: 2 });
  });

  it('merges mappings, what is written out winning and then the first', () => {
    const source = 'a: &a {p: 1, q: 1}\nb: &b {q: 2, r: 2, s: 2}\nc:\n  s: 3\n  <<: [*a, *b]';
    expect(dataOf(source)).toMatchObject({ c: { p: 1, q: 1, r: 2, s: 3 } });
  });

  it('takes a quoted << as an ordinary key', () => {
    expect(dataOf('"<<": 1')).toEqual({ '<<': 1 });
  });
});

describe('where it stands', () => {
  const source = 'queue:\n  maxRequests: 5\ninstances:\n  - url: http://a\n  - {url: x}\n';
  const { positions } = readDocument(source);

  it.each([
    [['queue'], '1:1', '2:3'],
    [['queue', 'maxRequests'], '2:3', '2:16'],
    [['instances', 0, 'url'], '4:5', '4:10'],
    [['instances', 1, 'url'], '5:6', '5:11'],
    [['instances', 1], '5:5', '5:5'],
  ])('%j: its key at %s, its value at %s', (path, key, value) => {
    const show = ({ line, column }: { line: number; column: number }) => `${line}:${column}`;
    expect(show(positionOfKey(positions, path))).toBe(key);
    expect(show(positionOfValue(positions, path))).toBe(value);
  });

  it('answers with what surrounds a thing that is not there', () => {
    expect(positionOfValue(positions, ['instances', 1, 'engine'])).toEqual({ line: 5, column: 5 });
    expect(positionOfValue(positions, ['nowhere', 'at', 'all'])).toEqual({ line: 1, column: 1 });
  });

  it('is the place of the reference for what an anchor holds, and of the anchor for what is in it', () => {
    const { positions: aliased } = readDocument('a: &x\n  b: 1\nc: *x');
    expect(positionOfValue(aliased, ['c'])).toEqual({ line: 3, column: 4 });
    expect(positionOfValue(aliased, ['c', 'b'])).toEqual({ line: 2, column: 6 });
  });
});

describe('what is no usable YAML', () => {
  it.each([
    [
      'a list that does not end',
      'a: [1\nb: 2',
      [
        '2:1 not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
      ],
    ],
    ['tabs for indentation', 'a:\n\tb: 1', ['2:1 not valid YAML: Tabs are not allowed as indentation']],
    ['a quote that does not end', 'a: "b', ['1:6 not valid YAML: Missing closing " quote']],
    [
      'a value that begins with @',
      'a: @b',
      ['1:4 not valid YAML: Plain value cannot start with reserved character @'],
    ],
    [
      'several documents',
      'a: 1\n---\nb: 2',
      ['2:1 not valid YAML: Source contains multiple documents; please use YAML.parseAllDocuments()'],
    ],
    ['a tag that nobody knows', 'a: !secret x', ['1:4 not valid YAML: Unresolved tag']],
    [
      'a mapping inside a value',
      'a: b: c',
      ['1:4 not valid YAML: Nested mappings are not allowed in compact mappings'],
    ],
    [
      'mistakes on two lines',
      'a: "x" y\nb: @z',
      [
        '1:8 not valid YAML: Unexpected scalar at node end',
        '2:4 not valid YAML: Plain value cannot start with reserved character @',
      ],
    ],
    ['a key given twice', 'a: 1\nb: 2\na: 3', ['3:1 a is given twice, first on line 1']],
    [
      'a key given three times',
      'a: 1\na: 2\na: 3',
      ['2:1 a is given twice, first on line 1', '3:1 a is given twice, first on line 1'],
    ],
    [
      'a key given twice further in',
      'q:\n  - a: 1\n    a: 2',
      ['3:5 q[0].a is given twice, first on line 2'],
    ],
    ['a reference to nothing', 'a: *x', ['1:4 a refers to *x, but no &x stands before it']],
    ['a reference to what comes later', 'a: *x\nb: &x 1', ['1:4 a refers to *x, but no &x stands before it']],
    ['an anchor within itself', 'a: &x [*x]', ['1:8 a[0] refers to *x, which contains it']],
    ['a merge of a number', 'a:\n  <<: 3', ['2:7 a merges (<<) what is not a mapping']],
    ['a list as a key', '? [1, 2]\n: 3', ['1:3 the file has a key that is not plain text']],
    [
      'a key that would change prototypes',
      '__proto__: {a: 1}',
      ['1:1 the file has a key that is not plain text'],
    ],
    ['bytes', 'a: !!binary aGk=', ['1:13 a has a type that a configuration cannot use']],
  ])('%s', (_what, source, messages) => {
    expect(messagesOf(source)).toEqual(messages);
  });

  it('says that a variable in flow style needs quotes', () => {
    const [problem] = readDocument(`auth: {token: \${TOKEN}}`).problems;
    expect(problem).toMatchObject({ line: 1, column: 16 });
    expect(problem?.suggestion).toBe(`quotes around "\${…}", which YAML needs inside { } and [ ]`);
  });

  it('quotes nothing of the file, which may hold secrets', () => {
    const [problem] = readDocument('token: "hunter2" hunter3\nb: }hunter4').problems;
    expect(JSON.stringify(problem)).not.toMatch(/hunter/);
  });
});

describe('what costs too much', () => {
  it('refuses a file above a megabyte without reading it', () => {
    const { data, problems } = readDocument(`a: ${'x'.repeat(MAX_FILE_BYTES)}`);
    expect(data).toBeUndefined();
    expect(problems).toEqual([
      {
        path: '',
        line: 1,
        column: 1,
        message: 'the file has 1048579 bytes, allowed are at most 1048576',
        found: '1048579 bytes',
        allowed: 'at most 1048576 bytes',
      },
    ]);
  });

  it('counts bytes, not characters', () => {
    expect(messagesOf(`a: ${'é'.repeat(MAX_FILE_BYTES / 2)}`)).toHaveLength(1);
  });

  it('stops at a bomb of aliases', () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) =>
        `l${i}: &l${i} [${Array(9)
          .fill(i === 0 ? 'x' : `*l${i - 1}`)
          .join(', ')}]`,
    );
    expect(messagesOf(levels.join('\n'))).toEqual([
      expect.stringMatching(
        /^\d+:\d+ the file has more than 100000 values once its aliases are written out$/,
      ),
    ]);
  });

  it('stops at 64 levels', () => {
    const nested = (levels: number) => `${'['.repeat(levels)}1${']'.repeat(levels)}`;
    expect(messagesOf(nested(64))).toEqual([]);
    expect(messagesOf(nested(66))).toEqual(['1:66 the file is nested more than 64 levels deep']);
  });

  it.each(['[', '{a: ', '- '])('survives %j a hundred thousand times', (piece) => {
    const { data, problems } = readDocument(piece.repeat(100_000));
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.length).toBeLessThanOrEqual(10);
    expect(data === undefined || typeof data === 'object').toBe(true);
  });
});
