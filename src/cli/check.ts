/** `signalbox check FILE`: says everything that is wrong with a configuration, and where. */

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Command } from 'commander';
import { type ConfigProblem, loadConfig, maskLine, type ParseResult } from '../config/index.ts';
import { isStrategyName } from '../tasks/index.ts';
import { loadPolicyModule } from './up/policy-module.ts';
import { loadStrategyModule } from './up/strategy-module.ts';

export interface CheckOptions {
  readonly json?: boolean;
}

/** What the command needs of its surroundings; replaced in tests. */
export interface CheckOutput {
  readonly env: Readonly<Record<string, string | undefined>>;
  write(text: string): void;
}

const PROCESS_OUTPUT: CheckOutput = {
  env: process.env,
  write: (text) => process.stdout.write(text),
};

export function checkCommand(output: CheckOutput = PROCESS_OUTPUT): Command {
  return new Command('check')
    .description('say everything that is wrong with a configuration, and where')
    .argument('<file>', 'the configuration, YAML')
    .option('--json', 'print the result as JSON')
    .action(async (file: string, options: CheckOptions) => {
      process.exitCode = await check(file, options, output);
    });
}

/** Checks `file`, prints the result and returns the exit status: 0 when it is valid. */
export async function check(file: string, options: CheckOptions, output: CheckOutput): Promise<number> {
  const result = await withItsModules(file, loadConfig(file, { env: output.env }));
  output.write(options.json ? asJson(result) : asText(file, result));
  return result.ok ? 0 : 1;
}

/** A policy or strategy of one's own is loaded as `up` would load it, since what is wrong with it would prevent the start. */
async function withItsModules(file: string, result: ParseResult): Promise<ParseResult> {
  if (!result.ok) return result;
  const { policy, tasks } = result.config;
  const random = { next: () => 0 };
  const modules: readonly (readonly [key: string, file: string, load: (path: string) => Promise<unknown>])[] =
    [
      ...(policy.file === undefined
        ? []
        : [['policy', policy.file, (path: string) => loadPolicyModule(path, policy.parameters)] as const]),
      ...(isStrategyName(tasks.strategy)
        ? []
        : [['tasks.strategy', tasks.strategy, (path: string) => loadStrategyModule(path, random)] as const]),
    ];
  const problems: ConfigProblem[] = [];
  for (const [key, moduleFile, load] of modules) {
    const path = resolve(dirname(file), moduleFile);
    const problem = await load(path).then(
      () => undefined,
      (cause: unknown) => problemOf(file, key, path, cause),
    );
    if (problem !== undefined) problems.push(problem);
  }
  return problems.length === 0 ? result : { ok: false, problems, warnings: result.warnings };
}

function problemOf(file: string, key: string, path: string, cause: unknown): ConfigProblem {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const name = key.split('.').at(-1)!;
  const line =
    sourceLines(file).findIndex((text) => new RegExp(`^\\s*["']?${name}["']?\\s*:`).test(text)) + 1;
  const message = `${key}: ${path} cannot be loaded: ${reason}`;
  return { path: key, line: Math.max(1, line), column: 1, message };
}

function asJson(result: ParseResult): string {
  const problems = result.ok ? [] : result.problems;
  return `${JSON.stringify({ ok: result.ok, problems, warnings: result.warnings }, undefined, 2)}\n`;
}

function asText(file: string, result: ParseResult): string {
  const lines = sourceLines(file);
  const warnings = result.warnings.map((warning) => describeProblem(file, 'warning', warning, lines));
  if (result.ok) return [...warnings, `${file} is valid: ${summary(result)}\n`].join('\n');
  const mistakes = result.problems.map((problem) => describeProblem(file, 'mistake', problem, lines));
  return [...warnings, ...mistakes, `${countOf(mistakes.length, 'mistake')} in ${file}\n`].join('\n');
}

function summary({ config }: ParseResult & { ok: true }): string {
  const { data, control } = config.listeners;
  return [
    countOf(config.instances.length, 'instance'),
    `policy ${config.policy.name}`,
    `routing ${config.routing.name}`,
    `data on ${data.host}:${data.port}`,
    `control on ${control.host}:${control.port}`,
  ].join(', ');
}

function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function describeProblem(
  file: string,
  kind: 'mistake' | 'warning',
  problem: ConfigProblem,
  lines: readonly string[],
): string {
  const { line, column, message, allowed, suggestion } = problem;
  const text = [`${file}:${line}:${column}: ${kind}: ${message}`, ...excerpt(lines, line, column)];
  if (allowed !== undefined && !message.includes(allowed)) text.push(`  allowed: ${allowed}`);
  if (suggestion !== undefined) text.push(`  did you mean: ${suggestion}`);
  return `${text.join('\n')}\n`;
}

const MAX_SHOWN_WIDTH = 120;

/** The line with a caret under the column; what may be a secret is masked. */
function excerpt(lines: readonly string[], line: number, column: number): string[] {
  const source = lines[line - 1];
  if (source === undefined || source.trim() === '') return [];
  const from = column > MAX_SHOWN_WIDTH ? column - MAX_SHOWN_WIDTH / 2 : 0;
  const shown = maskLine(source.replaceAll('\t', ' ')).slice(from, from + MAX_SHOWN_WIDTH);
  const margin = String(line).padStart(5);
  return [`${margin} | ${shown}`, `${' '.repeat(margin.length)} | ${' '.repeat(column - 1 - from)}^`];
}

function sourceLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/);
  } catch {
    // That the file cannot be read is the problem that is being described.
    return [];
  }
}
