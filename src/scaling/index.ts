/** **How many**: what load comes next, what a replica can do, and how many replicas that takes. */

export {
  adviseScaling,
  DEFAULT_SCALING_WISH,
  type ModelAtWork,
  type ReplicaAtWork,
  type ReplicaRates,
  type ScalingAdvice,
  type ScalingWish,
} from './advice.ts';
export {
  type Capacity,
  type LatencyProfile,
  meanContextTokens,
  meanOf,
  type OperatingPoint,
  ofGpus,
} from './capacity.ts';
export {
  type Corrections,
  correctionsFrom,
  isMeasured,
  NO_CORRECTIONS,
  type SeenInterval,
} from './corrections.ts';
export {
  type ApartDemand,
  busyShare,
  type Replicas,
  replicasApart,
  replicasTogether,
  type TogetherDemand,
} from './demand.ts';
export {
  type ApartLimits,
  BOUNDS,
  type Bound,
  DEFAULT_APART_LIMITS,
  type Limited,
  limitApart,
  limitTogether,
  type PoolLimits,
  type TogetherLimits,
} from './limits.ts';
export { type Load, UNKNOWN_LENGTHS } from './load.ts';
export { LoadMeter, type LoadMeterOptions } from './load-meter.ts';
export {
  DEFAULT_LOAD_PREDICTOR,
  LOAD_PREDICTOR_NAMES,
  type LoadPredictorName,
  type LoadPredictorOptions,
  predictLoad,
} from './load-predictor.ts';
export { FLAT_CAPACITY, REFERENCE_CAPACITY } from './reference-capacity.ts';
export { type BatchLimits, stepCapacity } from './step-capacity.ts';
