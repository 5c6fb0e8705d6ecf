/** How long tasks should take. */

export { givenTime } from './given-time.ts';
export { LearntTimes } from './learnt-times.ts';
export { type PredictionScore, PredictionScores } from './prediction-scores.ts';
export { type PlaceLabels, requestTimes } from './request-times.ts';
export { type SourcedPrediction, TaskPredictor, type TaskPredictorParts } from './task-predictor.ts';
export type { TaskQuestion, TaskTimes } from './task-times.ts';
