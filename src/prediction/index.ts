/** **How long**: predictors of time to first token, time per output token and answer length, which learn and measure themselves. */

export { p80Of } from './accuracy.ts';
export type { Ask, ExternalAnswer, ExternalQuestion } from './external/external-model.ts';
export { instanceClassOf, type Place, placeOf } from './instance-class.ts';
export type { LatencyModel, Observation } from './latency-model.ts';
export type { LookupRow } from './lookup/lookup-model.ts';
export { CoefficientLearner, type StepPrior } from './online/coefficient-learner.ts';
export { type OutputLengthOptions, OutputLengths } from './output-lengths.ts';
export { type CachedTokens, Predictor, type PredictorParts } from './predictor.ts';
export { findGpuRating, GPU_RATINGS, MEASURED_PRIORS, stepPrior } from './priors/index.ts';
export { QuantileSketch, type SketchOptions } from './quantile-sketch.ts';
export {
  createPredictor,
  DEFAULT_PREDICTOR,
  PREDICTOR_NAMES,
  PREDICTORS,
  type PredictorDefinition,
  type PredictorInputs,
  type PredictorSettings,
} from './registry.ts';
