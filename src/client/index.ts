/** The task queue's client: `import { TaskClient } from 'signalbox/client'`. */

export { TaskClient, type TaskClientOptions } from './task-client.ts';
export { TaskClientError } from './transport.ts';
export {
  hasEnded,
  type InstanceQueue,
  type NewTask,
  type SubmittedTask,
  type Task,
  type TaskEvent,
  type TaskFailure,
  type TaskFilter,
  type TaskInput,
  type TaskOptions,
  type TaskPriority,
  type TaskState,
} from './types.ts';
