import { expect, it } from 'vitest';
import { parseCsv } from './csv.ts';

it.each<[string, string[][]]>([
  [
    'a,b\n1,2',
    [
      ['a', 'b'],
      ['1', '2'],
    ],
  ],
  [
    'a,b\r\n1,2\r\n',
    [
      ['a', 'b'],
      ['1', '2'],
    ],
  ],
  ['a\n\nb', [['a'], [''], ['b']]],
  [
    'a,\n,b',
    [
      ['a', ''],
      ['', 'b'],
    ],
  ],
  ['"a,b","c\nd"', [['a,b', 'c\nd']]],
  ['"say ""so""",x', [['say "so"', 'x']]],
  ['\uFEFFa', [['a']]],
  ['', [['']]],
])('reads %j', (text, rows) => {
  expect(parseCsv(text)).toEqual(rows);
});

it.each([
  ['a,b\n"1,2', 'line 2: a quote is not closed'],
  ['a\nb\n"1"2', 'line 3: a quote is not closed, or something follows it in its field'],
  ['a"b', 'line 1'],
])('refuses %j', (text, message) => {
  expect(() => parseCsv(text)).toThrow(message);
});
