/** Shedding before waiting: feasibility and overload. */

export { earliestFirstToken } from './earliest-first-token.ts';
export {
  type AdmissionGate,
  type AdmissionSituation,
  admissionGate,
  type GateOptions,
  type Refusal,
} from './gate.ts';
export { saturationOf } from './saturation.ts';
export { SheddableRate } from './sheddable-rate.ts';
