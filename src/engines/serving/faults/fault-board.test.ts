import { describe, expect, it, vi } from 'vitest';
import { seededRandom } from '../../../domain/index.ts';
import { faultOf } from './fault.ts';
import { FaultBoard } from './fault-board.ts';

const kinds = (board: FaultBoard) => board.active.map(({ kind }) => kind);

describe('the fault board', () => {
  it('strikes nobody while it is empty', () => {
    expect(new FaultBoard().draw('generate')).toBeUndefined();
  });

  it('strikes by target: a fault of the metrics page leaves requests alone', () => {
    const board = new FaultBoard([faultOf({ kind: 'slow-metrics' })]);
    expect(board.draw('generate')).toBeUndefined();
    expect(board.draw('metrics')?.kind).toBe('slow-metrics');
  });

  it('strikes with the first that applies', () => {
    const board = new FaultBoard([faultOf({ kind: 'hang', probability: 0 }), faultOf({ kind: '500' })]);
    expect(board.draw('generate')?.kind).toBe('500');
  });

  it('is over after its count', () => {
    const board = new FaultBoard([faultOf({ kind: '500', count: 2 })]);
    expect([1, 2, 3].map(() => board.draw('generate')?.struck)).toEqual([1, 2, undefined]);
    expect(kinds(board)).toEqual([]);
  });

  it('strikes about as often as its probability says, and the same calls for the same seed', () => {
    const draws = (seed: number) => {
      const board = new FaultBoard([faultOf({ kind: '500', probability: 0.3 })], seededRandom(seed));
      return Array.from({ length: 2000 }, () => board.draw('generate') !== undefined);
    };
    const share = draws(1).filter(Boolean).length / 2000;
    expect(share).toBeGreaterThan(0.25);
    expect(share).toBeLessThan(0.35);
    expect(draws(1)).toEqual(draws(1));
    expect(draws(1)).not.toEqual(draws(2));
  });

  it('strikes other endpoints only with faults for all', () => {
    const board = new FaultBoard([faultOf({ kind: '500' })]);
    expect(board.drawForAll()).toBeUndefined();
    board.add(faultOf({ kind: '503', scope: 'all' }));
    expect(board.drawForAll()?.kind).toBe('503');
  });

  it('takes faults off by id, by kind, or all', () => {
    const board = new FaultBoard();
    const [first] = ['500', '503', '500', 'hang'].map((kind) => board.add(faultOf({ kind })));
    expect(board.remove(first!.id)).toBe(1);
    expect(kinds(board)).toEqual(['503', '500', 'hang']);
    expect(board.remove('500')).toBe(1);
    expect(board.remove('429')).toBe(0);
    expect(board.remove()).toBe(2);
    expect(kinds(board)).toEqual([]);
  });

  it('multiplies what slows the engine down, and tells who watches', () => {
    const board = new FaultBoard([faultOf({ kind: 'slow', factor: 3 })]);
    const watcher = vi.fn();
    board.watch(watcher);
    board.add(faultOf({ kind: 'slow', factor: 2 }));
    expect(board.slowdown).toBe(6);
    board.remove();
    board.remove();
    expect(board.slowdown).toBe(1);
    expect(watcher).toHaveBeenCalledTimes(2);
  });
});
