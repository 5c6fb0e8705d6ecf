/** sageLLM's recorded instances as views. */

import type { ExecutionInstance, Random } from '../../../src/domain/index.ts';
import type { InstanceView } from '../../../src/routing/index.ts';
import { aView } from '../../builders.ts';

export interface RawInstance {
  readonly instance_id: string;
  readonly current_load: number;
  readonly avg_latency_ms?: number;
  readonly active_requests?: number;
  readonly is_available?: boolean;
  readonly is_healthy?: boolean;
  readonly machine_id?: string | null;
  readonly rack_id?: string | null;
  readonly nvlink_peers?: readonly string[];
  readonly instance_type?: string;
  readonly prefilling_active_requests?: number;
  readonly decoding_active_requests?: number;
}

export type Selected = readonly (string | null)[];

/** Loads are shares with three decimals: a thousandth is a request. At 0.95 an instance is full. */
const REQUESTS = 1_000;
const FULL_REQUESTS = 950;
const MAX_ACTIVE = 100;

export function toView(raw: RawInstance, slot: number, lastDispatchOrder = 0): InstanceView {
  const { instance_id: id, current_load: load, active_requests: active = 0 } = raw;
  const isUp = raw.is_available !== false && raw.is_healthy !== false;
  return aView(id, {
    slot,
    state: isUp ? 'ready' : 'ejected',
    inFlightRequests: Math.round(load * REQUESTS),
    windowRequests: active >= MAX_ACTIVE ? 0 : FULL_REQUESTS,
    lastDispatchOrder,
    instance: { labels: labelsOf(raw), role: roleOf(raw) },
  });
}

function labelsOf({ machine_id, rack_id, nvlink_peers = [] }: RawInstance): Record<string, string> {
  return {
    ...(machine_id != null && { machine: machine_id }),
    ...(rack_id != null && { rack: rack_id }),
    nvlink_peers: nvlink_peers.join(','),
  };
}

export function roleOf({ instance_type: type }: RawInstance): ExecutionInstance['role'] {
  if (type === 'PREFILLING') return 'prefill';
  return type === 'DECODING' ? 'decode' : 'both';
}

/** The recorded draws, and after them the highest, with which the first of equals stays the best. */
export function recordedDraws(draws: readonly number[]): Random {
  let at = 0;
  return { next: () => draws[at++] ?? 1 - 2 ** -53 };
}

export const isOpen = (view: InstanceView | undefined): boolean =>
  view !== undefined && view.inFlightRequests < view.windowRequests;
