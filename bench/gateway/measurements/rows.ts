/** What was measured, as it was measured: the rows from which all ratios are computed. */

import type { ContenderName } from '../contender.ts';
import type { Pace } from '../rig/answers.ts';

export interface RequestRow {
  readonly contender: ContenderName;
  readonly concurrency: number;
  readonly round: number;
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** User and system time of the contender's processes over the requests that were answered. */
  readonly cpuMicrosecondsPerRequest?: number;
  /** Share of the time in which the contender's core worked for it; well below 1 it was not what was waited for. */
  readonly coreShare?: number;
  readonly failed: number;
}

export interface LatencyRow {
  readonly contender: ContenderName;
  readonly round: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface StreamRow {
  readonly contender: ContenderName;
  readonly pace: Pace;
  readonly streams: number;
  readonly chunks: number;
  readonly chunksPerSecond: number;
  readonly cpuMicrosecondsPerChunk?: number;
  readonly coreShare?: number;
  readonly framesLost: number;
  readonly streamsAltered: number;
}

export interface MemoryRow {
  readonly contender: ContenderName;
  readonly round: number;
  readonly openStreams: readonly [number, number];
  /** Resident bytes of all its processes, after garbage was collected, at each of the two. */
  readonly residentBytes: readonly [number, number];
  readonly bytesPerOpenStream: number;
}

/** What could not be measured, and why. */
export interface Skipped {
  readonly contender: ContenderName;
  readonly measurement: string;
  readonly reason: string;
}

export interface Rows {
  readonly requests: RequestRow[];
  readonly latency: LatencyRow[];
  readonly streams: StreamRow[];
  readonly memory: MemoryRow[];
  readonly skipped: Skipped[];
}

export function noRows(): Rows {
  return { requests: [], latency: [], streams: [], memory: [], skipped: [] };
}
