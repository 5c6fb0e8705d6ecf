/** What is measured, and how it is shown: metrics, the decision log, the log. */

export { MetricsCollector, type MetricsCollectorOptions } from './collector/index.ts';
export {
  createDecisionLog,
  type DecisionLog,
  type DecisionQuery,
  type LoggedDecision,
} from './decision-log.ts';
export { explainDecision } from './explain-decision.ts';
export type { InstanceError, InstanceErrorLog } from './instance-errors.ts';
export {
  type AppLog,
  createLogger,
  LOG_FORMATS,
  LOG_LEVELS,
  type LogFormat,
  type LoggerOptions,
  type LogLevel,
} from './logger.ts';
export { METRICS, type MetricDefinition, type MetricName, type MetricType } from './metric-definitions.ts';
export type { WatchedScheduler } from './metrics.ts';
export type { WatchedPredictor } from './prediction-metrics.ts';
export { type PredictionOutcome, predictionOutcome } from './prediction-outcome.ts';
export { REDACTED, redactForLog, redactSecrets, redactText } from './redaction.ts';
export { type InfoLog, logRequest } from './request-log.ts';
export * from './request-record.ts';
export type { TaskMetrics } from './task-metrics.ts';
export {
  createTelemetry,
  METRICS_CONTENT_TYPE,
  type Telemetry,
  type TelemetryOptions,
} from './telemetry.ts';
export * from './tracing/index.ts';
