/** The durable task queue. */

export { createTaskRoutes, type TaskRoutes } from './api/mount.ts';
export { DEFAULT_TASK_LIMITS, type TaskApiParts, type TaskLimits } from './api/parts.ts';
export { SocketStats } from './api/sockets/socket-stats.ts';
export { createTaskSockets, type TaskSockets } from './api/sockets/upgrades.ts';
export { type BatchDoor, BatchWorker, createBatchDoor } from './batches/index.ts';
export { createTaskQueue, type TaskQueue, type TaskQueueOptions } from './create-task-queue.ts';
export { createAddressCheck, parseCidr, parsePortRange } from './instances/address-check.ts';
export { createGuardedClient } from './instances/guarded-client.ts';
export { uuidOfInstance } from './instances/instance-names.ts';
export type {
  InstanceName,
  InstanceRegistry,
  RegisteredInstance,
  Registration,
  RegistrationWish,
} from './instances/instance-registry.ts';
export type { RegisteredEngine } from './instances/registry.ts';
export { requestTimes, TaskPredictor } from './predictions/index.ts';
export type { TaskDoor, Upstream } from './runner/fleet-lane.ts';
export { DEFAULT_REGISTRATION_CIDRS, DEFAULT_TASK_SETTINGS, type TaskSettings } from './settings.ts';
export { type OpenTaskStore, openTaskStore, type TaskStoreOptions } from './store/index.ts';
export {
  type Candidate,
  createStrategy,
  DEFAULT_STRATEGY,
  guardedStrategy,
  isStrategyName,
  type QueueState,
  STRATEGY_NAMES,
  type StrategyName,
  type TaskStrategy,
} from './strategies/index.ts';
export * from './task.ts';
export type * from './task-service.ts';
export { NO_LOG, NO_TELEMETRY, type TaskLog, type TaskTelemetry } from './telemetry.ts';
