/** How well an instance's role, and what it does now, fits a request's phase. */

import type { InstanceRole, InstanceView } from '../../domain/index.ts';
import type { RequestPhase } from './classify.ts';

/** What one instance is good for, in [0, 1]. */
export interface RoleFit {
  readonly prefill: number;
  readonly decode: number;
}

const SPECIALISED: Readonly<Partial<Record<InstanceRole, RoleFit>>> = {
  prefill: { prefill: 1, decode: 0 },
  decode: { prefill: 0, decode: 1 },
};
const EVEN: RoleFit = { prefill: 0.7, decode: 0.7 };
const MOSTLY_PREFILL: RoleFit = { prefill: 0.8, decode: 0.6 };
const MOSTLY_DECODE: RoleFit = { prefill: 0.6, decode: 0.8 };

/** Requests at an instance by what it does for them. */
export interface RunningPhases {
  readonly prefilling: number;
  readonly decoding: number;
}

/** The guide's numbers; an instance that does both leans to what it does more of now, `running` where it does anything. */
export function roleFit(role: InstanceRole, running?: RunningPhases): RoleFit {
  const specialised = SPECIALISED[role];
  if (specialised !== undefined) return specialised;
  if (running === undefined) return EVEN;
  return running.prefilling > running.decoding ? MOSTLY_PREFILL : MOSTLY_DECODE;
}

/** The fit of a view for a phase. */
export function fitFor({ instance, work, inFlightRequests }: InstanceView, phase: RequestPhase): number {
  if (phase === 'both') return 1;
  if (inFlightRequests === 0) return roleFit(instance.role)[phase];
  const decoding = work.decodingRequests;
  return roleFit(instance.role, { prefilling: inFlightRequests - decoding, decoding })[phase];
}

/** Whether an instance of that role may take a request of that phase. */
export function roleServes(role: InstanceRole, phase: RequestPhase): boolean {
  return phase === 'both' || role === 'both' || role === phase;
}
