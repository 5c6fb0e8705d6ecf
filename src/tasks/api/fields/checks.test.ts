import { describe, expect, it } from 'vitest';
import { checked, InvalidRequest, readBody, readQuery } from './body.ts';
import {
  decimal,
  dictionary,
  integer,
  list,
  oneOf,
  optional,
  record,
  required,
  text,
  truth,
  withDefault,
} from './checks.ts';
import type { Mistake } from './mistake.ts';

function mistakesOf(action: () => unknown): readonly Mistake[] {
  try {
    action();
  } catch (error) {
    if (error instanceof InvalidRequest) return error.mistakes;
    throw error;
  }
  return [];
}

const TASK = record({
  model_name: required(text()),
  port: required(integer({ min: 1, max: 65_535 })),
  task_input: required(dictionary),
  metadata: withDefault(dictionary, {}),
  note: optional(text()),
});

describe('a record', () => {
  it('fills in what may be left out', () => {
    expect(checked(TASK, { model_name: 'm', port: 1, task_input: {} }, ['body'])).toEqual({
      model_name: 'm',
      port: 1,
      task_input: {},
      metadata: {},
      note: undefined,
    });
  });

  it('takes null for what is optional, and only for that', () => {
    const given = { model_name: 'm', port: 1, task_input: {}, note: null, metadata: null };
    expect(mistakesOf(() => checked(TASK, given, ['body']))).toEqual([
      {
        type: 'dict_type',
        loc: ['body', 'metadata'],
        msg: 'Input should be a valid dictionary',
        input: null,
      },
    ]);
  });

  it('names all mistakes at once, each by its path', () => {
    const batch = record({ tasks: required(list(TASK, 10)) });
    const given = { tasks: [{ model_name: 1, port: 'x', task_input: [] }, 'no task', {}] };
    expect(
      mistakesOf(() => checked(batch, given, ['body'])).map(({ type, loc }) => [type, loc.join('.')]),
    ).toEqual([
      ['string_type', 'body.tasks.0.model_name'],
      ['int_parsing', 'body.tasks.0.port'],
      ['dict_type', 'body.tasks.0.task_input'],
      ['model_attributes_type', 'body.tasks.1'],
      ['missing', 'body.tasks.2.model_name'],
      ['missing', 'body.tasks.2.port'],
      ['missing', 'body.tasks.2.task_input'],
    ]);
  });

  it('is not fooled by a field that every object inherits', () => {
    const given = JSON.parse('{"__proto__": {"model_name": "m"}}') as unknown;
    const mistakes = mistakesOf(() => checked(record({ model_name: required(text()) }), given, ['body']));
    expect(mistakes).toMatchObject([{ type: 'missing' }]);
  });
});

describe('numbers', () => {
  it.each([
    [8101, 8101],
    ['8101', 8101],
    [8101.0, 8101],
    [true, 1],
  ])('reads %j as a whole number', (given, expected) => {
    expect(checked(integer(), given, [])).toBe(expected);
  });

  it.each([
    ['abc', 'int_parsing'],
    ['1.5', 'int_parsing'],
    [1.5, 'int_from_float'],
    [null, 'int_type'],
    [[], 'int_type'],
  ])('refuses %j as a whole number: %s', (given, type) => {
    expect(mistakesOf(() => checked(integer(), given, []))).toMatchObject([{ type }]);
  });

  it.each([
    ['', 'float_parsing'],
    ['NaN', 'float_parsing'],
    [{}, 'float_type'],
  ])('refuses %j as a number: %s', (given, type) => {
    expect(mistakesOf(() => checked(decimal(), given, []))).toMatchObject([{ type }]);
  });

  it('names the bound that a number misses', () => {
    expect(mistakesOf(() => checked(integer({ min: 1, max: 9 }), 0, []))).toMatchObject([{ ctx: { ge: 1 } }]);
    expect(mistakesOf(() => checked(decimal({ max: 9 }), 9.5, []))).toMatchObject([{ ctx: { le: 9 } }]);
  });
});

describe('other values', () => {
  it.each([
    ['true', true],
    ['0', false],
    [1, true],
  ])('reads %j as %j', (given, expected) => expect(checked(truth, given, [])).toBe(expected));

  it('says which words are allowed', () => {
    expect(mistakesOf(() => checked(oneOf(['a', 'b', 'c']), 'd', []))).toMatchObject([
      { msg: "Input should be 'a', 'b' or 'c'" },
    ]);
  });

  it('does not look at the items of a list that is too long', () => {
    const tasks = Array.from({ length: 100_000 }, () => 'no task');
    expect(mistakesOf(() => checked(list(TASK, 10_000), tasks, ['body', 'tasks']))).toEqual([
      {
        type: 'too_long',
        loc: ['body', 'tasks'],
        msg: 'List should have at most 10000 items after validation, not 100000',
        input: '100000 items',
        ctx: { field_type: 'List', max_length: 10_000, actual_length: 100_000 },
      },
    ]);
  });

  it('does not send a long input back', () => {
    const [wrong] = mistakesOf(() => checked(dictionary, 'x'.repeat(1_000_000), []));
    expect(JSON.stringify(wrong).length).toBeLessThan(3_000);
  });
});

describe('a body', () => {
  it.each([
    ['', 'missing'],
    ['  ', 'missing'],
    ['{', 'json_invalid'],
    ['[]', 'model_attributes_type'],
    [`${'['.repeat(50_000)}${']'.repeat(50_000)}`, 'too_deep'],
  ])('that is %.10j is refused: %s', (body, type) => {
    expect(mistakesOf(() => readBody(body, TASK))).toMatchObject([{ type, loc: ['body'] }]);
  });
});

describe('a query', () => {
  it('is read by the same checks', () => {
    const check = record({ task_id: required(text()), wait_ms: withDefault(integer(), 0) });
    expect(readQuery(new URLSearchParams('task_id=t&wait_ms=50'), check)).toEqual({
      task_id: 't',
      wait_ms: 50,
    });
    expect(mistakesOf(() => readQuery(new URLSearchParams(''), check))).toEqual([
      { type: 'missing', loc: ['query', 'task_id'], msg: 'Field required', input: null },
    ]);
  });
});
