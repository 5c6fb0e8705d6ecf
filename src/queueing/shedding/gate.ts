/** Turns away, before it waits, whom waiting would not help: only classes that may be shed. */

import {
  type InstanceView,
  priorityRank,
  type RequestMetadata,
  type RequestPriority,
} from '../../domain/index.ts';
import { sloDueMs } from '../slack.ts';
import type { Lane } from '../waiting-queue.ts';
import { SheddableRate } from './sheddable-rate.ts';

/** What there is when a request asks to join. */
export interface AdmissionSituation {
  readonly nowMs: number;
  readonly lane: Lane;
  /** The instances that serve the lane, in any state. */
  readonly instances: readonly InstanceView[];
  /** Requests that leave the instances per second, lately; 0 where that is not known. */
  readonly drainRatePerSecond: number;
}

/** `infeasible`: no instance can serve it in time; `overloaded`: the fleet has been beyond its capacity for a while. */
export interface Refusal {
  readonly reason: 'infeasible' | 'overloaded';
  /** In words. */
  readonly message: string;
}

export interface AdmissionGate {
  /** Why the request should not even wait; `undefined` lets it on. */
  refusal(request: RequestMetadata, situation: AdmissionSituation): Refusal | undefined;
}

export interface GateOptions {
  /** The highest class that may be turned away so; those above it wait whatever comes. */
  readonly sheddableFrom?: RequestPriority;
  /** When its first token could come at the earliest, epoch milliseconds; `undefined` where nobody knows. */
  readonly earliestFirstTokenMs?: (
    request: RequestMetadata,
    situation: AdmissionSituation,
  ) => number | undefined;
  /** How much of its capacity the fleet is asked for; beyond 1 it is overloaded. */
  readonly saturation?: (situation: AdmissionSituation) => number;
}

export function admissionGate(options: GateOptions): AdmissionGate {
  const { sheddableFrom = 'LOW', earliestFirstTokenMs, saturation } = options;
  const sheddableRank = priorityRank(sheddableFrom);
  const rate = new SheddableRate();
  return {
    refusal(request, situation) {
      const { nowMs } = situation;
      if (saturation !== undefined) rate.observe(saturation(situation), nowMs);
      if (priorityRank(request.priority) < sheddableRank) return undefined;
      const dueMs = sloDueMs(request);
      const earliestMs = dueMs === undefined ? undefined : earliestFirstTokenMs?.(request, situation);
      if (dueMs !== undefined && earliestMs !== undefined && earliestMs > dueMs) {
        return { reason: 'infeasible', message: infeasibleMessage(earliestMs - nowMs, dueMs - nowMs) };
      }
      if (saturation === undefined || rate.mayEnter()) return undefined;
      const percent = Math.round(rate.share * 100);
      const message = `The instances are saturated; of ${request.priority} requests ${percent} % are let in now.`;
      return { reason: 'overloaded', message };
    },
  };
}

function infeasibleMessage(earliestInMs: number, dueInMs: number): string {
  const [earliest, due] = [Math.round(earliestInMs), Math.round(dueInMs)];
  return `No instance could begin to answer in time: in ${earliest} ms at the earliest, and it is wanted within ${due} ms.`;
}
