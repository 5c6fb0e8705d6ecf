/** Where tasks are kept. */

export { type OpenTaskStore, openTaskStore, type TaskStoreOptions } from './open.ts';
export type * from './task-store.ts';
