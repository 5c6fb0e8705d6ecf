/** The service level objective that a replay is judged by. */

import { parseDurationMs } from './quantity.ts';
import { usageError } from './replay-error.ts';

/** Every bound that is given has to be kept. */
export interface Slo {
  readonly ttftMs?: number;
  readonly tpotMs?: number;
  readonly e2eMs?: number;
}

export const DEFAULT_SLO = 'ttft=2000ms,tpot=100ms';

const FIELDS: Readonly<Record<string, keyof Slo>> = { ttft: 'ttftMs', tpot: 'tpotMs', e2e: 'e2eMs' };

/** Reads `ttft=2000ms,tpot=100ms,e2e=30s`, any of them. */
export function parseSlo(text: string): Slo {
  const bounds = text.split(',').map((part) => {
    const [name = '', duration] = part.split('=').map((side) => side.trim());
    const field = FIELDS[name.toLowerCase()];
    if (field === undefined || duration === undefined) {
      throw usageError(`--slo has "${part.trim()}": give any of ttft, tpot, e2e, like ${DEFAULT_SLO}`);
    }
    return [field, parseDurationMs(duration, `--slo ${name}`)] as const;
  });
  return Object.fromEntries(bounds);
}

/** What one completed request took; an answer of a single token has no time per further token. */
export interface Timings {
  readonly ttftMs: number;
  readonly tpotMs: number | undefined;
  readonly e2eMs: number;
}

export function meetsSlo(timings: Timings, slo: Slo): boolean {
  return (
    timings.ttftMs <= (slo.ttftMs ?? Number.POSITIVE_INFINITY) &&
    (timings.tpotMs ?? 0) <= (slo.tpotMs ?? Number.POSITIVE_INFINITY) &&
    timings.e2eMs <= (slo.e2eMs ?? Number.POSITIVE_INFINITY)
  );
}
