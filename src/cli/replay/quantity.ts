/** Reads numbers, durations and shares as people type them on a command line. */

import { usageError } from './replay-error.ts';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of `250ms`, `1.5s`, `2m` or `1h`. */
export function parseDurationMs(text: string, flag: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim());
  const ms = match === null ? 0 : Number(match[1]) * UNIT_MS[match[2]!]!;
  if (ms > 0) return ms;
  throw usageError(`${flag} is "${text}": give a duration above zero with its unit, like 2000ms, 1.5s or 2m`);
}

/** A finite number above zero. */
export function parsePositive(text: string, flag: string): number {
  const value = /^\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text.trim()) ? Number(text) : 0;
  if (value > 0 && Number.isFinite(value)) return value;
  throw usageError(`${flag} is "${text}": give a number above zero`);
}

/** A whole number of at least `least`. */
export function parseCount(text: string, flag: string, least: number): number {
  const value = /^\d+$/.test(text.trim()) ? Number(text) : -1;
  if (value >= least && Number.isSafeInteger(value)) return value;
  throw usageError(`${flag} is "${text}": give a whole number of at least ${least}`);
}

/** 0 to 1, from `0.05` or `5%`. */
export function parseShare(text: string, flag: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(text.trim());
  const share = match === null ? -1 : Number(match[1]) / (match[2] === '%' ? 100 : 1);
  if (share >= 0 && share <= 1) return share;
  throw usageError(`${flag} is "${text}": give a share from 0 to 1, or like 5%`);
}
