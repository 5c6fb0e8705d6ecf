/** How many threads fit a machine. */

import { describe, expect, it } from 'vitest';
import { defaultThreads } from './threads.ts';

describe('the default number of threads', () => {
  it.each([
    { cores: 1, mathCores: 1, threads: 1 },
    { cores: 2, mathCores: 2, threads: 1 },
    { cores: 4, mathCores: 4, threads: 3 },
    { cores: 16, mathCores: 8, threads: 8 },
    { cores: 8, mathCores: 0, threads: 1 },
  ])('is $threads with $cores cores, $mathCores of them for math', ({ cores, mathCores, threads }) => {
    expect(defaultThreads(mathCores, cores)).toBe(threads);
  });

  it('leaves at least one core of this machine to the rest', () => {
    expect(defaultThreads(1000)).toBeGreaterThanOrEqual(1);
    expect(defaultThreads(1)).toBe(1);
  });
});
