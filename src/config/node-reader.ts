/** Walks a parsed YAML tree: resolves anchors and merge keys, finds duplicate keys, and stops at bombs. */

import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { Position, PositionTree } from './positions.ts';
import { type ConfigPath, type ConfigProblem, formatPath } from './problem.ts';

const MAX_NODES = 100_000;
const MAX_DEPTH = 64;

interface Reading {
  readonly data: unknown;
  readonly positions: PositionTree;
}

interface Entry extends Reading {
  readonly key: string;
}

export class NodeReader {
  readonly problems: ConfigProblem[] = [];
  readonly #lines: LineCounter;
  readonly #anchors = new Map<string, Node>();
  /** Nodes whose content is being read; meeting one again is an alias that contains itself. */
  readonly #open = new Set<Node>();
  #nodeCount = 0;
  #isStopped = false;

  constructor(lines: LineCounter) {
    this.#lines = lines;
  }

  read(node: Node): Reading {
    return this.#read(node, [], undefined);
  }

  #read(node: unknown, path: ConfigPath, key: Position | undefined): Reading {
    const value = this.#position(node) ?? key ?? { line: 1, column: 1 };
    const leaf = (data: unknown): Reading => ({
      data,
      positions: { value, ...(key && { key }), children: new Map() },
    });
    if (this.#isTooMuch(path, value) || node === null) return leaf(null);
    if (isAlias(node)) return this.#readAlias(node.source, path, value, key);
    if (isScalar(node)) return leaf(this.#readScalar(node, path, value));
    if (!isMap(node) && !isSeq(node)) return leaf(null);
    this.#remember(node);
    this.#open.add(node);
    const inner = isMap(node) ? this.#readMap(node, path) : this.#readList(node, path);
    this.#open.delete(node);
    return { data: inner.data, positions: { value, ...(key && { key }), children: inner.children } };
  }

  #readScalar(node: Scalar, path: ConfigPath, at: Position): unknown {
    this.#remember(node);
    const { value } = node;
    if (typeof value === 'bigint' || (value !== null && typeof value === 'object')) {
      this.#report(path, at, `${where(path)} has a type that a configuration cannot use`);
      return null;
    }
    return value;
  }

  #readAlias(name: string, path: ConfigPath, at: Position, key: Position | undefined): Reading {
    const nothing = { data: null, positions: { value: at, ...(key && { key }), children: new Map() } };
    const target = this.#anchors.get(name);
    if (target === undefined) {
      this.#report(path, at, `${where(path)} refers to *${name}, but no &${name} stands before it`);
      return nothing;
    }
    if (this.#open.has(target)) {
      this.#report(path, at, `${where(path)} refers to *${name}, which contains it`);
      return nothing;
    }
    const { data, positions } = this.#read(target, path, key);
    return { data, positions: { ...positions, value: at } };
  }

  #readList(node: YAMLSeq, path: ConfigPath): { data: unknown; children: Map<number, PositionTree> } {
    const data: unknown[] = [];
    const children = new Map<number, PositionTree>();
    for (const [index, item] of node.items.entries()) {
      if (this.#isStopped) break;
      const reading = this.#read(item, [...path, index], undefined);
      data.push(reading.data);
      children.set(index, reading.positions);
    }
    return { data, children };
  }

  #readMap(node: YAMLMap, path: ConfigPath): { data: unknown; children: Map<string, PositionTree> } {
    const own = new Map<string, Entry>();
    const merged: Entry[] = [];
    for (const pair of node.items) {
      if (this.#isStopped) break;
      if (isMergeKey(pair)) merged.push(...this.#readMerge(pair, path));
      else this.#readPair(pair, path, own);
    }
    for (const entry of merged) if (!own.has(entry.key)) own.set(entry.key, entry);
    const data: Record<string, unknown> = {};
    const children = new Map<string, PositionTree>();
    for (const { key, data: value, positions } of own.values()) {
      data[key] = value;
      children.set(key, positions);
    }
    return { data, children };
  }

  #readPair(pair: Pair, path: ConfigPath, entries: Map<string, Entry>): void {
    const at = this.#position(pair.key) ?? { line: 1, column: 1 };
    const key = isScalar(pair.key) ? scalarKey(pair.key) : undefined;
    if (key === undefined || key === '__proto__') {
      this.#report(path, at, `${where(path)} has a key that is not plain text`);
      return;
    }
    if (isScalar(pair.key)) this.#remember(pair.key);
    const reading = this.#read(pair.value, [...path, key], at);
    const first = entries.get(key);
    if (first === undefined) {
      entries.set(key, { key, ...reading });
      return;
    }
    const line = first.positions.key?.line;
    this.#report([...path, key], at, `${formatPath([...path, key])} is given twice, first on line ${line}`);
  }

  /** `<<: *anchor` or `<<: [*one, *two]`; what is written out wins, then the first that has the key. */
  #readMerge(pair: Pair, path: ConfigPath): Entry[] {
    const sources = isSeq(pair.value) ? pair.value.items : [pair.value];
    return sources.flatMap((source) => {
      const { data, positions } = this.#read(source, path, undefined);
      if (data === null || typeof data !== 'object' || Array.isArray(data)) {
        this.#report(path, positions.value, `${where(path)} merges (<<) what is not a mapping`);
        return [];
      }
      return Object.entries(data).map(([key, value]) => ({
        key,
        data: value as unknown,
        positions: positions.children.get(key) ?? positions,
      }));
    });
  }

  #isTooMuch(path: ConfigPath, at: Position): boolean {
    if (this.#isStopped) return true;
    this.#nodeCount++;
    if (path.length > MAX_DEPTH)
      this.#report([], at, `the file is nested more than ${MAX_DEPTH} levels deep`);
    else if (this.#nodeCount > MAX_NODES) {
      this.#report([], at, `the file has more than ${MAX_NODES} values once its aliases are written out`);
    } else return false;
    this.#isStopped = true;
    return true;
  }

  #remember(node: Scalar | YAMLMap | YAMLSeq): void {
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
  }

  #position(node: unknown): Position | undefined {
    const offset = (node as { range?: readonly number[] } | null)?.range?.[0];
    if (offset === undefined) return undefined;
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  #report(path: ConfigPath, at: Position, message: string): void {
    this.problems.push({ path: formatPath(path), ...at, message });
  }
}

function where(path: ConfigPath): string {
  return path.length === 0 ? 'the file' : formatPath(path);
}

function isMergeKey(pair: Pair): boolean {
  return isScalar(pair.key) && pair.key.value === '<<' && pair.key.type === 'PLAIN';
}

function scalarKey(node: Scalar): string | undefined {
  // As it was written: `8080:` and `1.50:` are names here, not numbers.
  if (node.type === 'PLAIN' && node.source !== undefined) return node.source;
  return typeof node.value === 'string' ? node.value : undefined;
}
