/** One line of a Prometheus text page, from the end of the metric's name on. */

import { type Labels, NO_LABELS, skipBlanks, walkLabels } from './labels.ts';

export interface LineReading {
  readonly value: number;
  readonly labels: Labels;
}

/**
 * Reads `{labels} value [timestamp] [# exemplar]`.
 * @param from where the metric's name ends
 * @returns `undefined` when the line is no sample
 */
export function readAfterName(line: string, from: number, withLabels: boolean): LineReading | undefined {
  let at = skipBlanks(line, from);
  let labels = NO_LABELS;
  if (line[at] === '{') {
    const into = withLabels ? new Map<string, string>() : undefined;
    at = walkLabels(line, at, into);
    if (at < 0) return undefined;
    labels = into ?? NO_LABELS;
  } else if (at === from) {
    return undefined;
  }
  const start = skipBlanks(line, at);
  const end = endOfWord(line, start);
  const value = parseSampleValue(line.slice(start, end));
  return value !== undefined && isTail(line, end) ? { value, labels } : undefined;
}

/** No honest figure is longer, and a bound keeps the pattern below from walking a megabyte of digits. */
const LONGEST_NUMBER = 64;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

/** A number as the exposition format writes it (Go's `ParseFloat` without hexadecimals), or `undefined`. */
export function parseSampleValue(text: string): number | undefined {
  if (text.length > LONGEST_NUMBER) return undefined;
  if (DECIMAL.test(text)) return Number(text);
  if (/^nan$/i.test(text)) return Number.NaN;
  const infinite = INFINITE.exec(text);
  if (infinite) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return undefined;
}

/** Whether nothing follows but a timestamp and an OpenMetrics exemplar. */
function isTail(line: string, from: number): boolean {
  const start = skipBlanks(line, from);
  if (start >= line.length || line[start] === '#') return true;
  const end = endOfWord(line, start);
  if (parseSampleValue(line.slice(start, end)) === undefined) return false;
  const rest = skipBlanks(line, end);
  return rest >= line.length || line[rest] === '#';
}

function endOfWord(line: string, from: number): number {
  let at = from;
  while (at < line.length && line[at] !== ' ' && line[at] !== '\t') at++;
  return at;
}
