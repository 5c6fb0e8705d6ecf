/** The result of a replay as people read it. */

import { basename } from 'node:path';
import { FAILURE_KINDS, failureKey } from './failure.ts';
import { LATE_GENERATOR_MS, type ReplayReport } from './report.ts';
import type { Distribution } from './samples.ts';
import type { Slo } from './slo.ts';
import { alignColumns, formatDuration, formatNumber, formatPercent } from './text-table.ts';

export function reportText(report: ReplayReport): string {
  const sections = [heading(report), summary(report), latencies(report), instances(report), warnings(report)];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function heading({ parameters, trace, requests, durationMs, interrupted }: ReplayReport): readonly string[] {
  const speed =
    parameters.speed === 1 ? 'its own speed' : `${formatNumber(parameters.speed)} times its speed`;
  return [
    `${interrupted ? 'Interrupted: partial replay' : 'Replay'} of ${basename(parameters.trace)} (${trace.format}) at ${speed}`,
    `${formatNumber(requests.planned)} requests planned over ${formatDuration(trace.spanMs / parameters.speed)}, ran ${formatDuration(durationMs)}`,
    `to ${parameters.target}, model ${parameters.model}, seed ${parameters.seed}`,
  ];
}

function summary({ requests, failures, goodput, throughput }: ReplayReport): readonly string[] {
  const aborted = requests.aborted === 0 ? '' : ` · ${formatNumber(requests.aborted)} aborted`;
  const cached =
    throughput.cachedTokens === null || throughput.promptTokens === 0
      ? ''
      : ` (${formatPercent(throughput.cachedTokens / throughput.promptTokens)} cached)`;
  return [
    `requests     ${formatNumber(requests.sent)} sent · ${formatNumber(requests.completed)} completed · ${formatNumber(requests.failed)} failed${aborted}`,
    ...failures.map(
      (failure) =>
        `  failed     ${formatNumber(failure.count)} × ${failureKey(failure)} (${FAILURE_KINDS[failure.kind]}): ${failure.message}`,
    ),
    `goodput      ${formatNumber(goodput.requestsPerSecond)} requests/s met ${sloText(goodput.slo)}: ${formatPercent(goodput.share)} of the requests`,
    `throughput   ${formatNumber(throughput.requestsPerSecond)} requests/s · ${formatNumber(throughput.promptTokensPerSecond)} tokens/s in${cached} · ${formatNumber(throughput.outputTokensPerSecond)} tokens/s out`,
  ];
}

const SLO_NAMES = [
  ['ttftMs', 'TTFT'],
  ['tpotMs', 'TPOT'],
  ['e2eMs', 'E2E'],
] as const;

function sloText(slo: Slo): string {
  return SLO_NAMES.filter(([field]) => slo[field] !== undefined)
    .map(([field, name]) => `${name} ≤ ${formatNumber(slo[field]!)} ms`)
    .join(' and ');
}

function latencies({
  latencies: { ttftMs, tpotMs, e2eMs, queueMs },
  generator,
}: ReplayReport): readonly string[] {
  return alignColumns([
    ['milliseconds', 'mean', 'p50', 'p90', 'p99', 'max'],
    distributionRow('TTFT', ttftMs),
    distributionRow('TPOT', tpotMs),
    distributionRow('E2E', e2eMs),
    ...(queueMs === null ? [] : [distributionRow('queue', queueMs)]),
    distributionRow('sent late by', generator.latenessMs),
  ]);
}

function distributionRow(name: string, values: Distribution | null): readonly string[] {
  if (values === null) return [name, '-', '-', '-', '-', '-'];
  return [name, values.mean, values.p50, values.p90, values.p99, values.max].map((cell) =>
    typeof cell === 'number' ? formatNumber(cell) : cell,
  );
}

function instances({ instances: all }: ReplayReport): readonly string[] {
  if (all.length === 0) return [];
  return alignColumns([
    ['instance', 'requests', 'share', 'failed', 'tokens out', 'TTFT p50', 'TTFT p99'],
    ...all.map(({ id, requests, share, failed, outputTokens, ttftMs }) => [
      id,
      formatNumber(requests),
      formatPercent(share),
      formatNumber(failed),
      formatNumber(outputTokens),
      ttftMs === null ? '-' : formatNumber(ttftMs.p50),
      ttftMs === null ? '-' : formatNumber(ttftMs.p99),
    ]),
  ]);
}

function warnings({ generator, requests, trace: { notes } }: ReplayReport): readonly string[] {
  const lines: string[] = [];
  if (generator.isLate) {
    lines.push(
      `warning: this generator was late itself: 1 % of the requests were sent ${formatNumber(generator.latenessMs?.p99 ?? 0)} ms or more after their moment (limit ${LATE_GENERATOR_MS} ms); latencies include it`,
    );
  }
  if (generator.heldBack > 0) {
    lines.push(
      `note: --concurrency held back ${formatNumber(generator.heldBack)} requests; latencies include their wait`,
    );
  }
  if (requests.otherLength > 0) {
    lines.push(
      `note: ${formatNumber(requests.otherLength)} answers were not as long as the trace's (the target may not know ignore_eos)`,
    );
  }
  if (notes.skippedLines > 0) {
    const [first] = notes.skipped;
    lines.push(
      `note: ${formatNumber(notes.skippedLines)} broken lines of the trace were left out; the first is line ${first?.line}: ${first?.reason}`,
    );
  }
  return lines;
}
