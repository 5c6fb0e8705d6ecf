/** How far a set of tasks is: one line that renews itself on a terminal, a line every few seconds elsewhere. */

import type { Output } from '../replay/progress.ts';
import { formatClock, formatNumber } from '../replay/text-table.ts';

export interface TaskProgress {
  readonly total: number;
  /** Ended before this command began; of no use to say how fast it goes. */
  readonly before: number;
  submitted: number;
  completed: number;
  failed: number;
  /** Deleted before their results were fetched. */
  gone: number;
  /** Why it does not go on now. */
  trouble: string | undefined;
}

const BAR_WIDTH = 20;
const TERMINAL_INTERVAL_MS = 200;
const PLAIN_INTERVAL_MS = 5_000;
const CLEAR_LINE = '\r\u001b[2K';
const USUAL_WIDTH = 80;

/** @returns what ends it and clears its line */
export function startProgressBar(
  output: Output,
  progress: TaskProgress,
  plainIntervalMs = PLAIN_INTERVAL_MS,
): () => void {
  const isTerminal = output.isTTY === true;
  const startMs = performance.now();
  const show = (): void => {
    const width = isTerminal ? (output.columns || USUAL_WIDTH) - 1 : Number.POSITIVE_INFINITY;
    const line = progressText(progress, performance.now() - startMs, width);
    output.write(isTerminal ? CLEAR_LINE + line : `${line}\n`);
  };
  const timer = setInterval(show, isTerminal ? TERMINAL_INTERVAL_MS : plainIntervalMs);
  return () => {
    clearInterval(timer);
    if (isTerminal) output.write(CLEAR_LINE);
  };
}

/** Where it does not fit, the bar goes first, then words from the right. */
export function progressText(
  progress: TaskProgress,
  elapsedMs: number,
  width = Number.POSITIVE_INFINITY,
): string {
  const { total, completed, failed, gone } = progress;
  const ended = completed + failed + gone;
  const filled = total === 0 ? BAR_WIDTH : Math.floor((ended / total) * BAR_WIDTH);
  const bar = `[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}] `;
  const parts = partsOf(progress, ended, elapsedMs);
  const whole = bar + parts.join(', ');
  if (whole.length <= width) return whole;
  while (parts.length > 1 && parts.join(', ').length > width) parts.pop();
  return parts.join(', ').slice(0, width);
}

function partsOf(progress: TaskProgress, ended: number, elapsedMs: number): string[] {
  const { total, before, submitted, failed, trouble } = progress;
  const perSecond = (ended - before) / Math.max(elapsedMs / 1000, 0.001);
  return [
    `${formatNumber(ended)}/${formatNumber(total)} ended`,
    ...(trouble === undefined ? [] : [trouble]),
    ...(submitted < total ? [`${formatNumber(submitted)} submitted`] : []),
    `${formatNumber(failed)} failed`,
    `${formatNumber(perSecond)}/s`,
    ...(ended > before ? [`${formatClock((total - ended) / (perSecond / 1000))} left`] : []),
  ];
}
