/** The figures as a person reads them on a terminal. */

import type { Verdict } from './budgets.ts';
import { CONTENDER_NAMES } from './contender.ts';
import type { About } from './machine/about.ts';
import type { Skipped } from './measurements/rows.ts';
import { rounded } from './statistics.ts';
import type { ContenderFigures, Ratios, Summary } from './summary.ts';

type Column = readonly [title: string, read: (figures: ContenderFigures) => number | undefined];

const COLUMNS: readonly Column[] = [
  ['requests/s', (figures) => figures.requestsPerSecond],
  ['µs/request', (figures) => figures.cpuMicrosecondsPerRequest],
  ['core used %', ({ coreShare }) => (coreShare === undefined ? undefined : coreShare * 100)],
  ['added p50 ms', (figures) => figures.addedP50Ms],
  ['added p99 ms', (figures) => figures.addedP99Ms],
  ['chunks/s', (figures) => figures.chunksPerSecond],
  ['µs/chunk', (figures) => figures.cpuMicrosecondsPerChunk],
  ['µs/paced chunk', (figures) => figures.cpuMicrosecondsPerPacedChunk],
  ['frames lost', (figures) => figures.framesLost],
  ['streams altered', (figures) => figures.streamsAltered],
  [
    'KiB/open stream',
    ({ bytesPerOpenStream }) => (bytesPerOpenStream === undefined ? undefined : bytesPerOpenStream / 1024),
  ],
];

/** Where, when and of what, in one line; of a machine on which others were at work the figures are rough. */
export function headline(about: About, loadAverage: number): string {
  const { cpu, cores, node, measuredAt, commit, hasUncommittedChanges } = about;
  const state = hasUncommittedChanges ? ' and uncommitted changes' : '';
  const busy = loadAverage > cores / 2 ? ' (others are at work: the figures are rough)' : '';
  return [
    `${measuredAt.slice(0, 10)}, commit ${commit.slice(0, 8)}${state}`,
    `Node ${node}, ${cpu}, ${cores} cores, load average ${loadAverage}${busy}`,
  ].join('\n');
}

export function reportText(
  summary: Summary,
  verdicts: readonly Verdict[],
  skipped: readonly Skipped[],
): string {
  return [
    '',
    contenderTable(summary),
    ...idleNotes(summary),
    '',
    'Signalbox divided by …',
    ratioTable(summary),
    '',
    'Budgets',
    ...verdicts.map(verdictLine),
    ...(skipped.length === 0 ? [] : ['', 'Not measured', ...skippedLines(skipped)]),
    '',
  ].join('\n');
}

/** Figures in rows and contenders in columns, which fits a terminal however many figures there are. */
function contenderTable({ contenders }: Summary): string {
  const names = CONTENDER_NAMES.filter((name) => Object.keys(contenders[name] ?? {}).length > 0);
  return table([
    ['', ...names],
    ...COLUMNS.map(([title, read]) => [title, ...names.map((name) => shown(read(contenders[name] ?? {})))]),
  ]);
}

/** Below this share of its core a contender was waiting for the load more than the load for it. */
const BUSY_SHARE = 0.9;

function idleNotes({ contenders }: Summary): readonly string[] {
  const idle = CONTENDER_NAMES.filter((name) => (contenders[name]?.coreShare ?? 1) < BUSY_SHARE);
  if (idle.length === 0) return [];
  return [
    `${idle.join(' and ')} did not use the whole core: more requests/s than shown may be possible, µs/request says how many.`,
  ];
}

const RATIO_TITLES: Readonly<Record<keyof Summary['ratios'], string>> = {
  requestsPerSecond: 'requests/s',
  chunksPerSecond: 'chunks/s',
  cpuPerRequest: 'µs/request',
  cpuPerChunk: 'µs/chunk',
  cpuPerPacedChunk: 'µs/paced chunk',
};

function ratioTable({ ratios }: Summary): string {
  const rivals = ['haproxy', 'nginx', 'portkey'] as const;
  const rows = Object.entries(RATIO_TITLES).map(([figure, title]) => {
    const values: Ratios = ratios[figure as keyof Summary['ratios']];
    return [title, ...rivals.map((rival) => shown(values[rival]))];
  });
  return table([['', ...rivals], ...rows]);
}

function verdictLine({ what, budget, measured, isMet }: Verdict): string {
  if (measured === undefined) return `  not measured  ${what}: ${budget}`;
  return `  ${isMet ? 'met         ' : 'MISSED      '}  ${what}: ${shown(measured)} (${budget})`;
}

/** The same reason is told once. */
function skippedLines(skipped: readonly Skipped[]): readonly string[] {
  const byReason = Map.groupBy(skipped, ({ contender, reason }) => `${contender}: ${reason}`);
  return [...byReason].map(([reason, entries]) => {
    const measurements = new Set(entries.map(({ measurement }) => measurement));
    return `  ${reason} [${[...measurements].join('; ')}]`;
  });
}

function shown(value: number | undefined): string {
  return value === undefined ? '-' : rounded(value, 3).toLocaleString('en', { maximumFractionDigits: 6 });
}

/** Titles to the left, figures to the right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
        .join('  '),
    )
    .join('\n');
}
