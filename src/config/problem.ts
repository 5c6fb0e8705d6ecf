/** What is wrong with a configuration, where, and what would be right. */

export interface ConfigProblem {
  /** The field, as in `instances[0].url`; empty for the whole file. */
  readonly path: string;
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
  /** The mistake in words, complete by itself. */
  readonly message: string;
  /** What is there. */
  readonly found?: string;
  /** What may be there. */
  readonly allowed?: string;
  /** What was probably meant. */
  readonly suggestion?: string;
}

export type ConfigPath = readonly (string | number)[];

/** `instances[0].labels["a b"]` for `['instances', 0, 'labels', 'a b']`. */
export function formatPath(path: ConfigPath): string {
  let formatted = '';
  for (const step of path) {
    if (typeof step === 'number') formatted += `[${step}]`;
    else if (!/^[\w$-]+$/.test(step)) formatted += `[${JSON.stringify(step)}]`;
    else formatted += formatted === '' ? step : `.${step}`;
  }
  return formatted;
}

/** `signalbox.yaml:3:5: message (did you mean …?)`, on one line. */
export function formatProblem(problem: ConfigProblem, filename: string): string {
  const hint = problem.suggestion === undefined ? '' : ` (did you mean ${problem.suggestion}?)`;
  return `${filename}:${problem.line}:${problem.column}: ${problem.message}${hint}`;
}

/** In the order of the file. */
export function sortProblems(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
}
