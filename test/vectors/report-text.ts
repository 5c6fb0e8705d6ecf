/** The outcome of a folder of vectors as a person reads it. */

import { alignColumns } from '../../src/cli/replay/text-table.ts';
import type { FileReport, FolderReport } from './run-folder.ts';

const LINE_WIDTH = 110;
const INDENT = '    ';
/** The whole of it is in the JSON report. */
const LONGEST_WHY = 300;

export function reportText(report: FolderReport): string {
  const { files, notRun, folder } = report;
  if (files.length === 0) return `found no vectors in ${folder}`;
  return [
    ...table(files),
    ...files.flatMap(failures),
    ...files.flatMap(skips),
    ...(notRun.length === 0 ? [] : ['', 'not run, since no suite is for files of this name:']),
    ...notRun.map((file) => `  ${file}`),
  ].join('\n');
}

function table(files: readonly FileReport[]): readonly string[] {
  const rows = files.map(({ file, ...outcome }) => [file, ...counts(outcome)]);
  const total = {
    passed: 0,
    failed: files.flatMap((f) => f.failed),
    skipped: files.flatMap((f) => f.skipped),
  };
  for (const { passed } of files) total.passed += passed;
  return alignColumns([['file', 'passed', 'failed', 'skipped'], ...rows, ['total', ...counts(total)]]);
}

function counts({ passed, failed, skipped }: Omit<FileReport, 'file'>): readonly string[] {
  return [passed, failed.length, skipped.length].map(String);
}

function failures({ file, failed }: FileReport): readonly string[] {
  if (failed.length === 0) return [];
  return ['', `${file}: failed`, ...failed.map(({ id, why }) => `  ${id}: ${shortened(why)}`)];
}

function shortened(why: string): string {
  const line = why.replaceAll(/\s+/g, ' ');
  return line.length > LONGEST_WHY ? `${line.slice(0, LONGEST_WHY)} …` : line;
}

function skips({ file, skipped }: FileReport): readonly string[] {
  if (skipped.length === 0) return [];
  const reasons = Map.groupBy(skipped, ({ reason }) => reason);
  return [
    '',
    `${file}: skipped`,
    ...[...reasons].flatMap(([reason, records]) => [
      `  ${records.length} ${reason}`,
      ...wrapped(records.map(({ id }) => id)),
    ]),
  ];
}

function wrapped(words: readonly string[]): readonly string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    const isFull = last === undefined || last.length + 1 + word.length > LINE_WIDTH;
    if (isFull) lines.push(`${INDENT}${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
