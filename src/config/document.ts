/** YAML text to plain data, with the position of each piece and bounds on what a hostile file can cost. */

import { LineCounter, parseDocument, type YAMLError } from 'yaml';
import { NodeReader } from './node-reader.ts';
import { type PositionTree, START } from './positions.ts';
import { type ConfigProblem, sortProblems } from './problem.ts';

export const MAX_FILE_BYTES = 1024 * 1024;
const MAX_SYNTAX_PROBLEMS = 10;

export interface ReadDocument {
  /** `undefined` for a file without content. */
  readonly data: unknown;
  readonly positions: PositionTree;
  readonly problems: readonly ConfigProblem[];
}

export function readDocument(source: string): ReadDocument {
  if (Buffer.byteLength(source) > MAX_FILE_BYTES) {
    const found = `${Buffer.byteLength(source)} bytes`;
    return refuse(
      `the file has ${found}, allowed are at most ${MAX_FILE_BYTES}`,
      found,
      `at most ${MAX_FILE_BYTES} bytes`,
    );
  }
  try {
    return readYaml(source.replace(/^\uFEFF/, ''));
  } catch (error) {
    // The parser recurses; a megabyte of brackets exhausts the stack before there is a tree to measure.
    if (error instanceof RangeError) return refuse('the file is nested too deeply');
    throw error;
  }
}

function readYaml(source: string): ReadDocument {
  const lines = new LineCounter();
  const document = parseDocument(source, {
    lineCounter: lines,
    prettyErrors: false,
    // Both are checked while reading: with better words, and not in quadratic time.
    uniqueKeys: false,
    merge: false,
  });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    return { data: undefined, positions: START, problems: syntaxProblems(faults, lines, source) };
  }
  if (document.contents === null) return { data: undefined, positions: START, problems: [] };
  const reader = new NodeReader(lines);
  const { data, positions } = reader.read(document.contents);
  return { data, positions, problems: reader.problems };
}

/** One slip makes the parser complain several times; the first complaint of a line is the useful one. */
function syntaxProblems(faults: readonly YAMLError[], lines: LineCounter, source: string): ConfigProblem[] {
  const byLine = new Map<number, ConfigProblem>();
  for (const { message, pos } of faults) {
    const { line, col } = lines.linePos(Math.min(pos[0], source.length));
    // What follows a colon quotes the file, which may hold a secret.
    const words = message.replace(/: .*$/s, '').replace(/"quote$/, '" quote');
    const problem = {
      path: '',
      line: Math.max(1, line),
      column: Math.max(1, col),
      message: `not valid YAML: ${words}`,
    };
    if (!byLine.has(problem.line)) byLine.set(problem.line, problem);
  }
  const first = sortProblems([...byLine.values()]).slice(0, MAX_SYNTAX_PROBLEMS);
  const texts = source.split('\n');
  return first.map((problem) => {
    const before = texts[problem.line - 1]?.slice(0, problem.column - 1) ?? '';
    const isBareVariable = before.endsWith('$') && /[{[]/.test(before);
    const suggestion = `quotes around "\${…}", which YAML needs inside { } and [ ]`;
    return isBareVariable ? { ...problem, suggestion } : problem;
  });
}

function refuse(message: string, found?: string, allowed?: string): ReadDocument {
  const problem = {
    path: '',
    line: 1,
    column: 1,
    message,
    ...(found && { found }),
    ...(allowed && { allowed }),
  };
  return { data: undefined, positions: START, problems: [problem] };
}
