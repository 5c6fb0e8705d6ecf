/** Where each key and value of the file stands. */

import type { ConfigPath } from './problem.ts';

/** Line and column, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The positions of one value, of its key, and of what is in it. */
export interface PositionTree {
  readonly value: Position;
  readonly key?: Position;
  readonly children: ReadonlyMap<string | number, PositionTree>;
}

export const START: PositionTree = { value: { line: 1, column: 1 }, children: new Map() };

/** The value at `path`, or the nearest thing around it that the file has. */
export function positionOfValue(tree: PositionTree, path: ConfigPath): Position {
  return nearest(tree, path).value;
}

/** The key at `path`, or the nearest thing around it that the file has. */
export function positionOfKey(tree: PositionTree, path: ConfigPath): Position {
  const found = nearest(tree, path);
  return found.key ?? found.value;
}

function nearest(tree: PositionTree, path: ConfigPath): PositionTree {
  let found = tree;
  for (const step of path) {
    const next = found.children.get(step);
    if (next === undefined) break;
    found = next;
  }
  return found;
}
