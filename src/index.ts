/** The public face of the package: the words, the scheduler and its parts. Further rooms have exports of their own. */

export * from './domain/index.ts';
export {
  createPolicy,
  fifoPolicy,
  POLICY_NAMES,
  priorityPolicy,
  type SchedulingPolicy,
} from './queueing/index.ts';
export {
  type Filter,
  findPreset,
  type InstanceView,
  type Picker,
  PRESET_NAMES,
  type ProfileSettings,
  RoutingProfile,
  type Scorer,
} from './routing/index.ts';
export {
  DEFAULT_SCHEDULER_SETTINGS,
  LiveScheduler,
  Scheduler,
  type SchedulerEffect,
  type SchedulerEvent,
  type SchedulerParts,
  type SchedulerSettings,
} from './scheduler/index.ts';
