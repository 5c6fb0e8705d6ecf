/** A plan as a table for people. */

import type { PlanObjective } from '../../pipeline/index.ts';
import { alignColumns, formatNumber, formatPercent } from '../replay/text-table.ts';
import type { Helper, PlanReport } from './report.ts';

/** What an objective's number means. */
export const UNITS: Readonly<Record<PlanObjective, string>> = {
  pipelines: 'pipelines² per stage',
  throughput: 'steps per second',
  latency: 'steps per second of one request',
  cost: 'steps per USD',
};

export function planText(report: PlanReport, helper: Helper | undefined): string {
  const rows = report.pipelines.flatMap(({ stages }, pipeline) =>
    stages.map(({ node, gpu, layers, usedGib, memoryGib, cacheTokens, stageMs, isBottleneck }, at) => [
      `${at === 0 ? pipeline + 1 : ''}`.padEnd(10) + node,
      gpu,
      `${layers[0]}-${layers[1] - 1}`,
      `${usedGib.toFixed(1)} / ${memoryGib.toFixed(1)} GiB`,
      Number.isFinite(cacheTokens) ? formatNumber(cacheTokens) : 'any',
      `${stageMs.toFixed(2)} ms${isBottleneck ? ' *' : '  '}`,
    ]),
  );
  const header = ['pipeline'.padEnd(10) + 'node', 'hardware', 'layers', 'weights', 'cache tokens', 'stage  '];
  return `${[
    `${report.model}, ${report.numLayers} layers: ${count(report.pipelines.length, 'pipeline')} of ${count(
      report.pipelines.reduce((sum, { stages }) => sum + stages.length, 0),
      'node',
    )} by ${report.allocator}`,
    '',
    ...alignColumns([header, ...rows]),
    '',
    '* the slowest stage of its pipeline',
    `unused      ${report.unused.length === 0 ? 'none' : report.unused.join(', ')}`,
    `rate        ${formatNumber(report.stepsPerSecond)} steps per second, one request in each pipeline's stages`,
    `objective   ${formatNumber(report.objective.value)} ${UNITS[report.objective.name]}`,
    `bound       ${boundText(report)}`,
    `limited by  ${report.limitedBy}`,
    `would help  ${helperText(report, helper)}`,
  ].join('\n')}\n`;
}

function boundText({ bound, wasCutShort, allocator }: PlanReport): string {
  if (bound === undefined)
    return `${allocator} proves none for this objective; optimal does, where layers are alike`;
  if (bound.isOptimal) return `${formatNumber(bound.value)}: no plan is better`;
  const short = wasCutShort ? '; the search was cut short' : '';
  return `${formatNumber(bound.value)}: no plan is more than ${formatPercent(bound.gap)} better${short}`;
}

function helperText({ objective }: PlanReport, helper: Helper | undefined): string {
  if (helper === undefined) return 'none of the kinds of nodes that are there, one more of it';
  const more = formatPercent(helper.value / objective.value - 1);
  return `one more ${helper.gpu}: ${formatNumber(helper.value)} (${more} more)`;
}

/** What `--without` and `--add` change. */
export function differenceText(before: PlanReport, after: PlanReport): string {
  const held = new Map(
    before.pipelines.flatMap(({ stages }) => stages.map(({ node, layers }) => [node, layers])),
  );
  const moved = after.pipelines.flatMap(({ stages }) =>
    stages.filter(({ node, layers }) => String(held.get(node)) !== String(layers)),
  );
  const change = (name: string, from: number, to: number) => [
    name,
    formatNumber(from),
    '->',
    formatNumber(to),
  ];
  return `${alignColumns([
    change('pipelines', before.pipelines.length, after.pipelines.length),
    change(UNITS[after.objective.name], before.objective.value, after.objective.value),
    change('steps per second', before.stepsPerSecond, after.stepsPerSecond),
    ['nodes with other layers', '', '', formatNumber(moved.length)],
  ]).join('\n')}\n`;
}

function count(value: number, noun: string): string {
  return `${value} ${noun}${value === 1 ? '' : 's'}`;
}
