import { describe, expect, it } from 'vitest';
import { Liveness } from './liveness.ts';

const seen = (beats: Record<string, number>) =>
  Object.entries(beats).map(([id, beat]) => ({ id, beat: String(beat) }));
const ids = (processes: readonly { id: string }[]) => processes.map((process) => process.id);

describe('liveness', () => {
  it('takes for dead whose beats stand still for the time allowed, by our own clock', () => {
    const liveness = new Liveness(900);
    expect(ids(liveness.look(seen({ a: 1, b: 1 }), 0))).toEqual([]);
    expect(ids(liveness.look(seen({ a: 2, b: 1 }), 300))).toEqual([]);
    expect(ids(liveness.look(seen({ a: 3, b: 1 }), 600))).toEqual([]);
    expect(ids(liveness.look(seen({ a: 4, b: 1 }), 900))).toEqual(['b']);
  });

  it('starts anew with a beat', () => {
    const liveness = new Liveness(900);
    for (const [beat, atMs] of [
      [1, 0],
      [1, 400],
      [2, 800],
      [2, 1200],
      [2, 1600],
    ] as const) {
      expect(ids(liveness.look(seen({ a: beat }), atMs))).toEqual([]);
    }
    expect(ids(liveness.look(seen({ a: 2 }), 2000))).toEqual(['a']);
  });

  it('blames nobody for a time in which we could not look', () => {
    const liveness = new Liveness(900);
    liveness.look(seen({ a: 1 }), 0);
    expect(ids(liveness.look(seen({ a: 1 }), 3_600_000))).toEqual([]);
    expect(ids(liveness.look(seen({ a: 1 }), 3_600_300))).toEqual([]);
    expect(ids(liveness.look(seen({ a: 1 }), 3_600_600))).toEqual(['a']);
  });

  it('does not remember who left', () => {
    const liveness = new Liveness(900);
    liveness.look(seen({ a: 1 }), 0);
    liveness.look(seen({}), 800);
    expect(ids(liveness.look(seen({ a: 1 }), 1600))).toEqual([]);
  });
});
