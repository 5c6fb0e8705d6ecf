/** Tells how a replay is going: one line that renews itself on a terminal, a line every few seconds elsewhere. */

import type { Recorder } from './recorder.ts';
import { formatDuration, formatNumber } from './text-table.ts';

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

export function progressLine(recorder: Recorder, facts: ProgressFacts, nowMs: number): string {
  const ttft = recorder.ttftMs.distribution(RECENT);
  const leftMs = facts.lastSendAtMs - nowMs;
  return [
    `sent ${formatNumber(recorder.sent)}/${formatNumber(facts.planned)}`,
    `in flight ${formatNumber(recorder.inFlight)}`,
    `failed ${formatNumber(recorder.failed)}`,
    ttft === undefined ? 'TTFT -' : `TTFT p50 ${formatNumber(ttft.p50)} ms p99 ${formatNumber(ttft.p99)} ms`,
    recorder.sent >= facts.planned
      ? 'waiting for the last answers'
      : `${formatDuration(Math.max(0, leftMs))} left`,
  ].join(' · ');
}
