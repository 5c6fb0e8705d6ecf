import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type NumberedRow, reorderer } from './reorder.ts';
import { TraceError } from './trace-error.ts';

function rows(stamps: readonly number[]): readonly NumberedRow[] {
  return stamps.map((stampMs, index) => ({ stampMs, promptTokens: 1, outputTokens: 1, line: index + 1 }));
}

function sorted(stamps: readonly number[], window: number): readonly (readonly [number, number])[] {
  const stage = reorderer(window);
  const out = [...rows(stamps).flatMap((row) => stage.push(row)), ...stage.end()];
  return out.map(({ stampMs, line }) => [stampMs, line]);
}

describe('reorderer', () => {
  it('leaves sorted rows as they are', () => {
    expect(sorted([1, 2, 3, 4], 2)).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 4],
    ]);
  });

  it('puts a row back that comes a few places late', () => {
    expect(sorted([10, 30, 20, 40], 2).map(([stampMs]) => stampMs)).toEqual([10, 20, 30, 40]);
  });

  it("keeps the file's order among equal stamps", () => {
    expect(sorted([5, 5, 1, 5], 4)).toEqual([
      [1, 3],
      [5, 1],
      [5, 2],
      [5, 4],
    ]);
  });

  it('refuses a row that comes later than its window reaches, naming both lines', () => {
    expect(() => sorted([1000, 2000, 3000, 4000, 900], 2)).toThrow(
      'line 5 is 1100 ms earlier than line 2 before it; rows may be out of order by at most 2 places',
    );
    expect(() => sorted([1000, 2000, 3000, 4000, 900], 2)).toThrow(TraceError);
  });

  it('holds no more than its window', () => {
    const stage = reorderer(3);
    const released = rows([1, 2, 3, 4, 5]).map((row) => stage.push(row).length);
    expect(released).toEqual([0, 0, 0, 1, 1]);
  });

  it('sorts anything that is displaced by no more than the window', () => {
    const stamps = fc.array(fc.nat(50), { maxLength: 60 });
    fc.assert(
      fc.property(
        stamps,
        fc.integer({ min: 1, max: 8 }),
        fc.infiniteStream(fc.nat(7)),
        (all, window, jitter) => {
          const base = [...all].sort((left, right) => left - right);
          const displaced = base
            .map((stampMs, index) => ({ stampMs, place: index + (jitter.next().value % (window + 1)) }))
            .sort((left, right) => left.place - right.place)
            .map(({ stampMs }) => stampMs);
          expect(sorted(displaced, window).map(([stampMs]) => stampMs)).toEqual(base);
        },
      ),
    );
  });
});
