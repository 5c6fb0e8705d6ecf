/** Gives requests that share a coarse stamp moments of their own, evenly up to the next stamp. */

import type { NumberedRow } from './reorder.ts';
import type { Stage } from './stage.ts';
import { TraceError } from './trace-error.ts';

/** The most requests with one stamp that are held at a time. */
export const MAX_EQUAL_STAMPS = 100_000;

/**
 * Without this, a trace whose stamps were quantised to seconds replays as bursts that never happened.
 * The last group takes the distance before it, having no next stamp.
 * @param resolutionMs the furthest that a request may move (`TraceFormat.stampResolutionMs`)
 */
export function spreader(resolutionMs: number, maxEqual = MAX_EQUAL_STAMPS): Stage<NumberedRow, NumberedRow> {
  let group: NumberedRow[] = [];
  let gapMs = 0;

  const release = (): readonly NumberedRow[] => {
    const stepMs = Math.min(gapMs, resolutionMs) / group.length;
    const spread = group.map((row, index) => ({ ...row, stampMs: row.stampMs + index * stepMs }));
    group = [];
    return spread;
  };

  return {
    push(row) {
      const stampMs = group[0]?.stampMs ?? row.stampMs;
      if (row.stampMs === stampMs) {
        if (group.length === maxEqual) throw tooMany(row, maxEqual);
        group.push(row);
        return [];
      }
      gapMs = row.stampMs - stampMs;
      const spread = release();
      group.push(row);
      return spread;
    },
    end: release,
  };
}

function tooMany(row: NumberedRow, maxEqual: number): TraceError {
  return new TraceError(
    'too_many_equal_stamps',
    `more than ${maxEqual} requests share the stamp of line ${row.line}; they cannot be spread, only kept as they are (raw)`,
  );
}
