/** `signalbox check FILE`: says everything that is wrong with a configuration, and where. */

import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { type ConfigProblem, loadConfig, maskLine, type ParseResult } from '../config/index.ts';

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
    .action((file: string, options: CheckOptions) => {
      process.exitCode = check(file, options, output);
    });
}

/** Checks `file`, prints the result and returns the exit status: 0 when it is valid. */
export function check(file: string, options: CheckOptions, output: CheckOutput): number {
  const result = loadConfig(file, { env: output.env });
  output.write(options.json ? asJson(result) : asText(file, result));
  return result.ok ? 0 : 1;
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
