/** **How long**: predictors of time to first token, time per output token and answer length, which learn and measure themselves. */

export { p80Of } from './accuracy.ts';
export {
  type ExecutionTimes,
  type PlaceTraits,
  type RequestShape,
  timeOf,
  traitsOf,
  UNKNOWN_TRAIT,
} from './execution/execution-times.ts';
export {
  momentsOf,
  type QuantileTable,
  quantileAt,
  quartileSummary,
  type Summary,
} from './execution/quantiles.ts';
export {
  type Ask,
  type ExternalQuestion,
  ExternalTimes,
  type ServiceNews,
} from './external/external-times.ts';
export {
  readServiceAnswer,
  type ServiceMetadata,
  type ServiceRequest,
  serviceQuestion,
  serviceRequest,
} from './external/service-protocol.ts';
export { instanceClassOf, type Place, placeOf } from './instance-class.ts';
export type { LatencyModel, Observation, PredictionSources } from './latency-model.ts';
export type { LookupRow } from './lookup/lookup-model.ts';
export { type LookupFilters, type LookupStatistics, LookupTable } from './lookup/lookup-table.ts';
export { type LookupRecord, LookupTableError, parseLookupTable } from './lookup/records.ts';
export { CoefficientLearner, type StepPrior } from './online/coefficient-learner.ts';
export type { OnlineModel } from './online/online-model.ts';
export { type OutputLengthOptions, OutputLengths } from './output-lengths.ts';
export { type CachedTokens, Predictor, type PredictorParts } from './predictor.ts';
export { findGpuRating, GPU_RATINGS, MEASURED_PRIORS, stepPrior } from './priors/index.ts';
export { QuantileSketch, type SketchOptions } from './quantile-sketch.ts';
export {
  createLatencyModel,
  createLearner,
  createPredictor,
  DEFAULT_PREDICTOR,
  PREDICTOR_NAMES,
  PREDICTORS,
  type PredictorDefinition,
  type PredictorInputs,
  type PredictorSettings,
} from './registry.ts';
