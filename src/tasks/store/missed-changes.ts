/** Finds by asking what the server could not call out to us: while the listening connection is away, and once when it is back. */

import type { TaskState } from '../task.ts';
import type { ChangeFeed } from './changes.ts';
import type { Sql } from './database.ts';
import { statementsFor } from './statements.ts';

const POLL_MS = 1000;
const AT_MOST = 10_000;
/** A transaction carries the time at which it began, and is seen when it commits. */
const OVERLAP_MS = 5000;

export interface MissedChanges {
  hearsAgain(): void;
  /** From here on, should the connection be lost. */
  hearsStill(): void;
  hearsNothing(): void;
  close(): Promise<void>;
}

/** Ends and submissions are found; a listener may hear of the same one twice. */
export function missedChanges(
  sql: Sql,
  schema: string,
  feed: ChangeFeed,
  onError: (error: Error) => void,
): MissedChanges {
  const statements = statementsFor(schema);
  let since: { ms: number; seq: string } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();

  async function look(isHearing: boolean): Promise<void> {
    const [now] = await sql.query<{ now_ms: number }>(statements.now);
    const [newest] = await sql.query<{ seq: string }>(statements.newestSeq);
    if (since !== undefined && !isHearing) {
      const rows = await sql.query<{ id: string; model: string; state: TaskState; at_ms: number }>(
        statements.changedSince,
        [since.ms - OVERLAP_MS, since.seq, AT_MOST],
      );
      feed.publish(rows.map(({ id, model, state, at_ms }) => ({ taskId: id, model, state, atMs: at_ms })));
    }
    since = { ms: now?.now_ms ?? 0, seq: newest?.seq ?? '0' };
  }

  function lookNow(isHearing: boolean): void {
    looking = looking.then(() => look(isHearing)).catch(onError);
  }

  return {
    hearsAgain() {
      clearInterval(timer);
      timer = undefined;
      lookNow(false);
    },
    hearsStill: () => lookNow(true),
    hearsNothing() {
      if (timer !== undefined) return;
      timer = setInterval(() => lookNow(false), POLL_MS);
      timer.unref();
    },
    async close() {
      clearInterval(timer);
      await looking;
    },
  };
}
