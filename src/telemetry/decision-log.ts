/** The last decisions, each with what then happened to its request. */

import type { SchedulingDecision } from '../domain/index.ts';
import type { RequestRecord } from './request-record.ts';

export interface LoggedDecision {
  readonly decision: SchedulingDecision;
  /** Microseconds that making the decision took. */
  readonly tookMicros: number;
  /** How the request ended; absent while it runs. */
  readonly outcome?: RequestRecord;
}

export interface DecisionQuery {
  /** Default 100. */
  readonly limit?: number;
  readonly model?: string;
  readonly instanceId?: string;
  readonly requestId?: string;
}

export interface DecisionLog {
  record(decision: SchedulingDecision, tookMicros: number): void;
  /** Joins the end of a request to every decision that was made for it. */
  outcome(record: RequestRecord): void;
  /** Newest first. */
  list(query?: DecisionQuery): readonly LoggedDecision[];
  /** By the decision's id, or by its request's: then the last decision made for it. */
  get(decisionOrRequestId: string): LoggedDecision | undefined;
}

interface Entry {
  readonly decision: SchedulingDecision;
  readonly tookMicros: number;
  outcome?: RequestRecord;
}

/** A log that keeps the last `capacity` decisions, and forgets the oldest first. */
export function createDecisionLog(capacity = 1000): DecisionLog {
  if (!Number.isInteger(capacity) || capacity < 0) {
    throw new RangeError(`capacity: found ${capacity}, allowed is a whole number from 0`);
  }
  const ring: Entry[] = [];
  let next = 0;
  /** Where in the ring the last decision of each request that runs is. Only operators ask for others; for them it is searched. */
  const running = new Map<string, number>();

  function forget(entry: Entry): void {
    const { requestId } = entry.decision;
    const place = running.get(requestId);
    if (place !== undefined && ring[place] === entry) running.delete(requestId);
  }

  function find(isWanted: (decision: SchedulingDecision) => boolean): Entry | undefined {
    for (const entry of newestFirst()) if (isWanted(entry.decision)) return entry;
    return undefined;
  }

  function* newestFirst(): Generator<Entry> {
    for (let back = 1; back <= ring.length; back += 1) yield ring[(next - back + capacity) % capacity]!;
  }

  return {
    record(decision, tookMicros) {
      if (capacity === 0) return;
      const oldest = ring[next];
      if (oldest !== undefined) forget(oldest);
      const entry: Entry = { decision, tookMicros };
      ring[next] = entry;
      running.set(decision.requestId, next);
      next = (next + 1) % capacity;
    },
    outcome(record) {
      const place = running.get(record.requestId);
      if (place === undefined) return;
      running.delete(record.requestId);
      const last = ring[place]!;
      last.outcome = record;
      if (last.decision.attempt === 1) return;
      for (const entry of newestFirst()) {
        if (entry.decision.requestId === record.requestId) entry.outcome = record;
      }
    },
    list(query = {}) {
      const found: LoggedDecision[] = [];
      const limit = query.limit ?? 100;
      for (const entry of newestFirst()) {
        if (found.length >= limit) break;
        if (matches(entry.decision, query)) found.push(entry);
      }
      return found;
    },
    get: (id) => find((decision) => decision.id === id) ?? find(({ requestId }) => requestId === id),
  };
}

function matches(decision: SchedulingDecision, query: DecisionQuery): boolean {
  return (
    (query.model === undefined || decision.model === query.model) &&
    (query.instanceId === undefined || decision.instanceId === query.instanceId) &&
    (query.requestId === undefined || decision.requestId === query.requestId)
  );
}
