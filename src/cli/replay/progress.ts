/** Tells how a replay is going: one line that renews itself on a terminal, a line every few seconds elsewhere. */

import type { Recorder } from './recorder.ts';
import { formatClock, formatNumber } from './text-table.ts';

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface ProgressFacts {
  readonly planned: number;
  /** When the last request is to be sent, `performance.now()`. */
  readonly lastSendAtMs: number;
}

const TERMINAL_INTERVAL_MS = 250;
const PLAIN_INTERVAL_MS = 5000;

/** Live quantiles look back this far, so that showing them stays cheap. */
const RECENT = 4096;

const CLEAR_LINE = '\r\u001b[2K';

/** @returns what ends it and clears its line */
export function startProgress(
  output: Output,
  recorder: Recorder,
  facts: ProgressFacts,
  plainIntervalMs = PLAIN_INTERVAL_MS,
): () => void {
  const isTerminal = output.isTTY === true;
  const show = (): void => {
    const line = progressLine(recorder, facts, performance.now());
    output.write(isTerminal ? CLEAR_LINE + line.slice(0, (output.columns ?? 80) - 1) : `${line}\n`);
  };
  const timer = setInterval(show, isTerminal ? TERMINAL_INTERVAL_MS : plainIntervalMs);
  return () => {
    clearInterval(timer);
    if (isTerminal) output.write(CLEAR_LINE);
  };
}

/** Short enough for a terminal of 80 columns. */
export function progressLine(recorder: Recorder, facts: ProgressFacts, nowMs: number): string {
  const ttft = recorder.ttftMs.distribution(RECENT);
  const isSent = recorder.sent >= facts.planned;
  return [
    `${formatNumber(recorder.sent)}/${formatNumber(facts.planned)} sent`,
    `${formatNumber(recorder.inFlight)} in flight`,
    `${formatNumber(recorder.failed)} failed`,
    ttft === undefined ? 'TTFT -' : `TTFT p50 ${wholeMs(ttft.p50)} p99 ${wholeMs(ttft.p99)} ms`,
    isSent ? 'last answers' : `${formatClock(Math.max(0, facts.lastSendAtMs - nowMs))} left`,
  ].join(', ');
}

function wholeMs(ms: number): string {
  return formatNumber(Math.round(ms));
}
