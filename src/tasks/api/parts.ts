/** What the calls of the task API work with. */

import type { Clock } from '../../domain/index.ts';
import type { ApiSettings } from '../api-settings.ts';
import type { InstanceRegistry } from '../instances/instance-registry.ts';
import type { TaskService } from '../task-service.ts';
import type { SocketStats } from './sockets/socket-stats.ts';

export interface TaskLimits {
  /** The largest body of any call, bytes. */
  readonly maxBodyBytes: number;
  /** The most tasks in one call. */
  readonly maxBatchTasks: number;
  /** The longest that a call may wait for a task to end, milliseconds. */
  readonly maxWaitMs: number;
}

export const DEFAULT_TASK_LIMITS: TaskLimits = {
  maxBodyBytes: 64 * 1024 * 1024,
  maxBatchTasks: 10_000,
  maxWaitMs: 5 * 60_000,
};

export interface TaskApiParts {
  readonly service: TaskService;
  readonly instances: InstanceRegistry;
  readonly settings: ApiSettings;
  readonly sockets: SocketStats;
  readonly limits: TaskLimits;
  readonly clock: Clock;
}

/** One call, as a server took it apart. */
export interface TaskCall {
  readonly query: URLSearchParams;
  readonly body: string;
  header(name: string): string | undefined;
  /** Aborted when the caller goes away. */
  readonly signal?: AbortSignal;
}
