/** How far a set of tasks is: one line that renews itself on a terminal, a line every few seconds elsewhere. */

import type { Output } from '../replay/progress.ts';
import { formatClock, formatNumber } from '../replay/text-table.ts';

export interface TaskProgress {
  readonly total: number;
  submitted: number;
  completed: number;
  failed: number;
}

const BAR_WIDTH = 20;
const TERMINAL_INTERVAL_MS = 200;
const PLAIN_INTERVAL_MS = 5_000;
const CLEAR_LINE = '\r\u001b[2K';

/** @returns what ends it and clears its line */
export function startProgressBar(
  output: Output,
  progress: TaskProgress,
  plainIntervalMs = PLAIN_INTERVAL_MS,
): () => void {
  const isTerminal = output.isTTY === true;
  const startMs = performance.now();
  const show = (): void => {
    const line = progressText(progress, performance.now() - startMs);
    output.write(isTerminal ? CLEAR_LINE + line.slice(0, (output.columns ?? 80) - 1) : `${line}\n`);
  };
  const timer = setInterval(show, isTerminal ? TERMINAL_INTERVAL_MS : plainIntervalMs);
  return () => {
    clearInterval(timer);
    if (isTerminal) output.write(CLEAR_LINE);
  };
}

export function progressText(
  { total, submitted, completed, failed }: TaskProgress,
  elapsedMs: number,
): string {
  const ended = completed + failed;
  const filled = total === 0 ? BAR_WIDTH : Math.floor((ended / total) * BAR_WIDTH);
  const bar = '#'.repeat(filled) + '-'.repeat(BAR_WIDTH - filled);
  const perSecond = ended / Math.max(elapsedMs / 1000, 0.001);
  const parts = [
    `${formatNumber(ended)}/${formatNumber(total)} ended`,
    ...(submitted < total ? [`${formatNumber(submitted)} submitted`] : []),
    `${formatNumber(failed)} failed`,
    `${formatNumber(perSecond)}/s`,
    ...(ended > 0 ? [`${formatClock((total - ended) / (perSecond / 1000))} left`] : []),
  ];
  return `[${bar}] ${parts.join(', ')}`;
}
