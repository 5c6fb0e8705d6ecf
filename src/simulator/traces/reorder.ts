/** Puts rows that are slightly out of order back into it, holding only a window of them. */

import type { Stage } from './stage.ts';
import { TraceError } from './trace-error.ts';
import type { TraceRow } from './trace-format.ts';

export type NumberedRow = TraceRow & { readonly line: number };

/** A row this many places late still finds its place. */
export const REORDER_WINDOW = 1024;

/** Sorts by stamp, equal stamps in the file's order; a row that comes too late is refused. */
export function reorderer(window = REORDER_WINDOW): Stage<NumberedRow, NumberedRow> {
  const held: NumberedRow[] = [];
  let passed: NumberedRow | undefined;

  return {
    push(row) {
      if (passed !== undefined && row.stampMs < passed.stampMs) throw tooLate(row, passed, window);
      let at = held.length;
      while (at > 0 && held[at - 1]!.stampMs > row.stampMs) at -= 1;
      held.splice(at, 0, row);
      if (held.length <= window) return [];
      passed = held.shift()!;
      return [passed];
    },
    end() {
      return held.splice(0);
    },
  };
}

function tooLate(row: NumberedRow, passed: NumberedRow, window: number): TraceError {
  const backMs = Math.round(passed.stampMs - row.stampMs);
  return new TraceError(
    'not_sorted',
    `line ${row.line} is ${backMs} ms earlier than line ${passed.line} before it; rows may be out of order by at most ${window} places: sort the file by time first`,
  );
}
