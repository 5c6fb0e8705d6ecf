/** Chains of ranges that cover every layer once. */

import type { LayerRange } from './layer-range.ts';

/** How many there are: ways to each boundary, from left to right. */
export function countFullPaths(ranges: readonly LayerRange[], numLayers: number): number {
  const ways = new Array<number>(numLayers + 1).fill(0);
  ways[0] = 1;
  const sorted = [...ranges].sort((a, b) => a.start - b.start || a.end - b.end);
  for (const { start, end } of sorted) ways[end]! += ways[start]!;
  return ways[numLayers]!;
}
