/** Where tasks are kept. */

export { openTaskStore, type TaskStoreOptions } from './open.ts';
export type * from './task-store.ts';
