/** Checks of numbers that come from outside, all with the same words. */

import { SignalboxError } from '../domain/errors.ts';

interface Bounds {
  /** The least allowed value. */
  readonly min?: number;
  /** The value must be greater than this. */
  readonly above?: number;
  readonly max?: number;
  readonly isWhole?: boolean;
  /** Whether Infinity is a value; NaN never is. */
  readonly mayBeInfinite?: boolean;
}

/** @throws {SignalboxError} `invalid_value`, naming the field, what was found and what is allowed */
export function checkNumber(field: string, value: unknown, bounds: Bounds = {}): void {
  if (typeof value === 'number' && isWithin(value, bounds)) return;
  throw invalid(field, value, allowed(bounds));
}

export function invalid(field: string, found: unknown, wanted: string): SignalboxError {
  return new SignalboxError('invalid_value', `${field} is ${shown(found)}; ${wanted} is wanted`, {
    param: field,
  });
}

function isWithin(value: number, bounds: Bounds): boolean {
  if (Number.isNaN(value) || (!Number.isFinite(value) && bounds.mayBeInfinite !== true)) return false;
  if (bounds.isWhole === true && !Number.isInteger(value)) return false;
  if (bounds.min !== undefined && value < bounds.min) return false;
  if (bounds.above !== undefined && value <= bounds.above) return false;
  return bounds.max === undefined || value <= bounds.max;
}

function allowed({ min, above, max, isWhole }: Bounds): string {
  const limits = [
    ...(min === undefined ? [] : [`at least ${min}`]),
    ...(above === undefined ? [] : [`above ${above}`]),
    ...(max === undefined ? [] : [`at most ${max}`]),
  ];
  return [isWhole === true ? 'a whole number' : 'a number', limits.join(' and ')]
    .filter(Boolean)
    .join(' of ');
}

function shown(found: unknown): string {
  if (typeof found === 'number' || found === undefined) return String(found);
  return JSON.stringify(found) ?? typeof found;
}
