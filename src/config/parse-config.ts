/** From YAML text to a configuration, or to every mistake in it at once. */

import { withoutBlanks } from './blank-values.ts';
import type { Config } from './config.ts';
import { valueAt } from './data-path.ts';
import { readDocument } from './document.ts';
import { type Explained, type Explainer, explainIssues } from './explain.ts';
import { type Environment, type Interpolated, interpolate } from './interpolation.ts';
import { configJsonSchema } from './json-schema.ts';
import { BUILT_IN_NAMES, type KnownNames } from './names.ts';
import { type PositionTree, positionOfKey, positionOfValue } from './positions.ts';
import { type ConfigPath, type ConfigProblem, formatPath, sortProblems } from './problem.ts';
import { type Finding, type ReadFile, Resolution } from './resolution.ts';
import { resolveConfig } from './resolve-config.ts';
import { salvage } from './salvage.ts';
import { configFileSchema } from './schema/config-file.ts';
import { isSecretKey } from './secret.ts';

export interface ParseOptions {
  /** What `${NAME}` and `*_env` look names up in; nothing by default. */
  readonly env?: Environment;
  /** How `*_file` secrets are read, the path as it stands in the file; by default none can be. */
  readonly readFile?: ReadFile;
  /** What policies, profiles and simulations may be called. */
  readonly names?: KnownNames;
  /** Said on the command line: merged over what the file says, lists being appended. */
  readonly overrides?: Readonly<Record<string, unknown>>;
}

export type ParseResult =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly ConfigProblem[] }
  | {
      readonly ok: false;
      readonly problems: readonly ConfigProblem[];
      readonly warnings: readonly ConfigProblem[];
    };

/** Never throws, whatever the text. An empty text is the default configuration. */
export function parseConfig(text: string, options: ParseOptions = {}): ParseResult {
  const names = options.names ?? BUILT_IN_NAMES;
  const document = readDocument(text);
  if (document.data === undefined && document.problems.length > 0) return refused(document.problems);
  const jsonSchema = configJsonSchema(names);
  const merged = withOverrides(withoutBlanks(document.data ?? {}, [jsonSchema]), options.overrides);
  const interpolated = interpolate(merged, options.env ?? {});
  const explainer: Explainer = {
    schema: jsonSchema,
    positions: document.positions,
    writtenAt: (path) => valueAt(merged, path),
  };
  const schema = configFileSchema(names);
  const data = retype(interpolated, schema);
  const result = schema.safeParse(data);
  const faults = explainFaults(interpolated, document.positions);
  const issues = result.success ? [] : explainIssues(result.error.issues, explainer);
  const early = [...faults, ...unrelated(issues, faults)];
  const file = result.success ? result.data : salvage(data, schema);
  if (file === undefined) return refused([...document.problems, ...problemsOf(early)]);
  const resolution = new Resolution(names, options.env ?? {}, options.readFile ?? noFiles);
  const config = resolveConfig(file, resolution);
  const late = unrelated(
    resolution.findings.map((finding) => locate(finding, document.positions)),
    early,
  );
  const warnings = sortProblems(problemsOf(late.filter(({ severity }) => severity === 'warning')));
  const mistakes = problemsOf(late.filter(({ severity }) => severity === 'mistake'));
  const problems = [...document.problems, ...problemsOf(early), ...mistakes];
  return problems.length === 0 ? { ok: true, config, warnings } : refused(problems, warnings);
}

function refused(problems: readonly ConfigProblem[], warnings: readonly ConfigProblem[] = []): ParseResult {
  return { ok: false, problems: sortProblems(problems), warnings };
}

function noFiles(path: string): never {
  throw new Error(`no file can be read here: ${path}`);
}

/** A variable yields text; where a number or a truth value belongs, the text is read as one. */
function retype({ data, written }: Interpolated, schema: ReturnType<typeof configFileSchema>): unknown {
  const result = schema.safeParse(data);
  if (result.success || written.size === 0) return data;
  for (const issue of result.error.issues) {
    const path = issue.path as ConfigPath;
    if (issue.code !== 'invalid_type' || !written.has(JSON.stringify(path))) continue;
    const typed = typedScalar(String(valueAt(data, path)), issue.expected);
    const container = valueAt(data, path.slice(0, -1)) as Record<string | number, unknown>;
    if (typed !== undefined) container[path.at(-1) as string | number] = typed;
  }
  return data;
}

function typedScalar(text: string, expected: string): number | boolean | undefined {
  if (expected === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined;
  const isNumber = expected === 'number' || expected === 'int';
  return isNumber && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

function explainFaults({ faults }: Interpolated, positions: PositionTree): Explained[] {
  return faults.map(({ path, message, found, allowed }) => ({
    path,
    problem: {
      path: formatPath(path),
      ...positionOfValue(positions, path),
      message: `${formatPath(path)} ${message}`,
      ...(!isSecretKey(path.at(-1)) && { found }),
      allowed,
    },
  }));
}

function locate(finding: Finding, positions: PositionTree): Explained & Pick<Finding, 'severity'> {
  const { path, severity, isAboutKey, ...rest } = finding;
  const at = isAboutKey ? positionOfKey(positions, path) : positionOfValue(positions, path);
  return { path, severity, problem: { path: formatPath(path), ...at, ...rest } };
}

/** Those that do not merely follow from a mistake known already: at the same place, within it, or around it. */
function unrelated<One extends Explained>(found: readonly One[], known: readonly Explained[]): One[] {
  return found.filter(
    ({ path }) => !known.some((other) => isWithin(path, other.path) || isWithin(other.path, path)),
  );
}

function isWithin(inner: ConfigPath, outer: ConfigPath): boolean {
  return outer.every((step, index) => inner[index] === step);
}

function problemsOf(explained: readonly Explained[]): ConfigProblem[] {
  return explained.map(({ problem }) => problem);
}

function withOverrides(data: unknown, overrides: ParseOptions['overrides']): unknown {
  return overrides !== undefined && isMapping(data) ? merge(data, overrides) : data;
}

function merge(base: unknown, over: unknown): unknown {
  if (Array.isArray(base) && Array.isArray(over)) return [...base, ...over];
  if (!isMapping(base) || !isMapping(over)) return over;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    merged[key] = Object.hasOwn(base, key) ? merge(base[key], value) : value;
  }
  return merged;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
