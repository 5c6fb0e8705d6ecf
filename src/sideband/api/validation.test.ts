import { describe, expect, it } from 'vitest';
import { MAX_ITERATIONS, readIterations, readSelectBody } from './validation.ts';

const BODY = { pool_name: 'p', partition: 'Common', members: ['10.0.0.1:80'] };

function issuesOf(body: string): unknown {
  const read = readSelectBody(body);
  return read.ok ? [] : read.issues.map(({ type, loc }) => [type, ...loc]);
}

describe('the body of a request', () => {
  it('may have a model, and more than is looked at', () => {
    const read = readSelectBody(JSON.stringify({ ...BODY, model: 'm', hint: 1 }));
    expect(read).toEqual({
      ok: true,
      value: { poolName: 'p', partition: 'Common', members: ['10.0.0.1:80'], model: 'm' },
    });
  });

  it.each([undefined, null])('has no model with %s', (model) => {
    const read = readSelectBody(JSON.stringify({ ...BODY, model }));
    expect(read.ok && read.value.model).toBeUndefined();
  });

  it.each<[string, unknown, unknown]>([
    ['nothing', '', [['missing', 'body']]],
    ['no object', '5', [['model_attributes_type', 'body']]],
    ['a list', '[]', [['model_attributes_type', 'body']]],
    [
      'an empty object',
      '{}',
      [
        ['missing', 'body', 'pool_name'],
        ['missing', 'body', 'partition'],
        ['missing', 'body', 'members'],
      ],
    ],
    ['a number as name', { ...BODY, pool_name: 5 }, [['string_type', 'body', 'pool_name']]],
    ['null as partition', { ...BODY, partition: null }, [['string_type', 'body', 'partition']]],
    ['a text as members', { ...BODY, members: 'a:1' }, [['list_type', 'body', 'members']]],
    ['a number among members', { ...BODY, members: ['a:1', 2] }, [['string_type', 'body', 'members', 1]]],
    ['nothing but null', 'null', [['missing', 'body']]],
    ['a number as model', { ...BODY, model: 1 }, [['string_type', 'body', 'model']]],
  ])('is refused with %s', (_, body, expected) => {
    expect(issuesOf(typeof body === 'string' ? body : JSON.stringify(body))).toEqual(expected);
  });

  it('is refused when it is no JSON, with the place', () => {
    const read = readSelectBody('{"pool_name": oops}');
    expect(read.ok).toBe(false);
    if (!read.ok) expect(read.issues[0]).toMatchObject({ type: 'json_invalid', msg: 'JSON decode error' });
  });
});

describe('the number of iterations', () => {
  it.each([
    ['', 100],
    ['iterations=7', 7],
    ['iterations=-5', -5],
    [`iterations=${MAX_ITERATIONS}`, MAX_ITERATIONS],
  ])('of %j is %d', (query, expected) => {
    expect(readIterations(new URLSearchParams(query), 100)).toEqual({ ok: true, value: expected });
  });

  it.each([
    ['iterations=', 'int_parsing'],
    ['iterations=ten', 'int_parsing'],
    ['iterations=1.5', 'int_parsing'],
    ['iterations=100001', 'less_than_equal'],
  ])('cannot be %j', (query, type) => {
    const read = readIterations(new URLSearchParams(query), 100);
    expect(read.ok ? undefined : read.issues[0]?.type).toBe(type);
  });
});
