/** Asks whether an arriving request may join the queue, and says in words why not. */

import type { RequestMetadata } from '../domain/index.ts';
import { type AdmissionGate, admit, type WaitingQueue, type WaitingRequest } from '../queueing/index.ts';
import type { RejectionReason } from './events.ts';
import type { Fleet } from './fleet.ts';
import type { SchedulerSettings } from './settings.ts';

export interface Entrance {
  readonly queue: WaitingQueue;
  readonly fleet: Fleet;
  readonly settings: SchedulerSettings;
}

export interface EntranceRules {
  readonly gate: AdmissionGate | undefined;
  readonly drainRatePerSecond: number;
  readonly nowMs: number;
}

export type Entry =
  | { readonly isAdmitted: true; readonly victims: readonly WaitingRequest[] }
  | { readonly isAdmitted: false; readonly reason: RejectionReason; readonly message: string };

export function enter(
  request: RequestMetadata,
  { queue, fleet, settings }: Entrance,
  { gate, drainRatePerSecond, nowMs }: EntranceRules,
): Entry {
  const limits = settings.admission;
  const admission = admit(request, queue, limits, () =>
    gate?.refusal(request, {
      nowMs,
      lane: queue.lane(request.model),
      instances: fleet.serving(request.model),
      drainRatePerSecond,
    }),
  );
  if (admission.isAdmitted || admission.reason !== 'full') return admission;
  const { limit } = admission;
  return {
    isAdmitted: false,
    reason: 'queue-full',
    message: `The queue is full (${limit} = ${limits[limit]}).`,
  };
}
