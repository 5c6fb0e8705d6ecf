/** The state machine that joins when, where and how long, and its live form. */

export type { SchedulerDoor, Ticket, TicketHandlers } from './door.ts';
export type {
  Dispatch,
  DispatchFailure,
  Rejection,
  RejectionReason,
  SchedulerEffect,
  SchedulerEvent,
  TokenUsage,
} from './events.ts';
export { REJECTION_REASONS } from './events.ts';
export type {
  DecisionListener,
  InstanceStatus,
  LaneStatus,
  QueueStatus,
  SchedulerCounters,
  SchedulerInspection,
} from './inspection.ts';
export { LiveScheduler, type LiveSchedulerParts, type Timers } from './live.ts';
export { Scheduler, type SchedulerParts } from './scheduler.ts';
export {
  DEFAULT_SCHEDULER_SETTINGS,
  type PassiveHealthSettings,
  type RetrySettings,
  type SchedulerSettings,
} from './settings.ts';
export type {
  DifferenceSummary,
  ModelComparison,
  ShadowCounts,
  ShadowDisagreement,
  ShadowReport,
  WaitingFacts,
  WhenCounts,
  WhenDisagreement,
  WhereCounts,
  WhereDisagreement,
} from './shadow/report.ts';
export { KEPT_DISAGREEMENTS, Shadow, type ShadowParts } from './shadow/shadow.ts';
