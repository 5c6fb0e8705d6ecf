import { describe, expect, it } from 'vitest';
import { createRequestIds } from './request-ids.ts';

const brought = (id: string | string[]) => ({ headers: { 'x-request-id': id } });

describe('request ids', () => {
  it('are new for calls that bring none', () => {
    const ids = createRequestIds('p');
    const given = Array.from({ length: 1000 }, () => ids.idFor({ headers: {} }));
    expect(new Set(given).size).toBe(1000);
    expect(given[0]).toBe('sb-p-1');
    expect(given[999]).toBe(`sb-p-${(1000).toString(36)}`);
  });

  it('differ between two processes', () => {
    const [a, b] = [createRequestIds(), createRequestIds()];
    expect(a.idFor({ headers: {} })).not.toBe(b.idFor({ headers: {} }));
  });

  it.each(['abc', '0', 'req_01J:abc.def-ghi', 'f'.repeat(128), '2f1c1d8e-9f6b-4c55-8f4b-1d2c3b4a5f6e'])(
    'are the caller’s own where usable: %s',
    (id) => {
      expect(createRequestIds('p').idFor(brought(id))).toBe(id);
    },
  );

  it.each([
    ['empty', ''],
    ['longer than 128', 'f'.repeat(129)],
    ['with a space', 'a b'],
    ['with a line end', 'a\r\nset-cookie: x'],
    ['with another script', 'é'],
    ['with markup', '<b>'],
    ['beginning with a hyphen', '-rf'],
    ['with our own mark of a repetition', 'a~p-1'],
    ['sent twice', ['a', 'b']],
  ])('are new where the caller’s is unusable: %s', (_, id) => {
    expect(createRequestIds('p').idFor(brought(id))).toBe('sb-p-1');
  });

  it('are never the same for two calls that bring the same', () => {
    const ids = createRequestIds('p');
    expect([1, 2, 3].map(() => ids.idFor(brought('abc')))).toEqual(['abc', 'abc~p-2', 'abc~p-3']);
  });

  it('remember a caller’s id for at least the next thirty thousand, without remembering all', () => {
    const ids = createRequestIds('p');
    ids.idFor(brought('abc'));
    for (let i = 0; i < 30_000; i++) ids.idFor(brought(`other-${i}`));
    expect(ids.idFor(brought('abc'))).toMatch(/^abc~p-/);
    for (let i = 0; i < 70_000; i++) ids.idFor(brought(`further-${i}`));
    expect(ids.idFor(brought('other-1'))).toBe('other-1');
  });
});
