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
    ['with the scheduler’s mark of a repetition', 'a~2'],
    ['sent twice', ['a', 'b']],
  ])('are new where the caller’s is unusable: %s', (_, id) => {
    expect(createRequestIds('p').idFor(brought(id))).toBe('sb-p-1');
  });

  it('count only the calls that bring none', () => {
    const ids = createRequestIds('p');
    ids.idFor(brought('abc'));
    expect(ids.idFor({ headers: {} })).toBe('sb-p-1');
  });
});
