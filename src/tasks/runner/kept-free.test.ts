import { describe, expect, it } from 'vitest';
import { KeptFree } from './kept-free.ts';

describe('slots kept free of tasks', () => {
  it('are none while nothing urgent waits', () => {
    const kept = new KeptFree();
    expect([0, 1_000, 2_000].map((atMs) => kept.slots('a', 16, false, atMs))).toEqual([0, 0, 0]);
  });

  it('grow with each time something urgent waits, up to the window, however often one looks', () => {
    const kept = new KeptFree();
    expect(kept.slots('a', 16, true, 0)).toBe(2);
    expect(kept.slots('a', 16, true, 50)).toBe(2);
    expect(kept.slots('a', 16, true, 100)).toBe(4);
    for (let atMs = 200; atMs < 3_000; atMs += 100) kept.slots('a', 16, true, atMs);
    expect(kept.slots('a', 16, true, 3_000)).toBe(16);
    expect(kept.slots('b', 16, false, 3_000)).toBe(0);
  });

  it('are given back with time', () => {
    const kept = new KeptFree();
    for (let atMs = 0; atMs < 1_000; atMs += 100) kept.slots('a', 16, true, atMs);
    expect(kept.slots('a', 16, false, 31_000)).toBe(8);
    expect(kept.slots('a', 16, false, 61_000)).toBe(0);
  });

  it('are at least one of a small window', () => {
    expect(new KeptFree().slots('a', 2, true, 0)).toBe(1);
  });
});
