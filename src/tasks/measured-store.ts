/** A store that tells how long each of its calls took. */

import type { TaskStore } from './store/task-store.ts';

export type StoreCallListener = (operation: string, tookMs: number, isFailed: boolean) => void;

type Operation = Exclude<keyof TaskStore, 'durability' | 'watch' | 'watchShared' | 'close'>;

const OPERATIONS: Readonly<Record<Operation, true>> = {
  submit: true,
  claim: true,
  place: true,
  end: true,
  cancel: true,
  get: true,
  getMany: true,
  list: true,
  dueModels: true,
  nextDueMs: true,
  countByState: true,
  loads: true,
  heldBy: true,
  heartbeat: true,
  overdue: true,
  claimWebhooks: true,
  webhookTold: true,
  nextWebhookMs: true,
  prune: true,
  clear: true,
  saveInstance: true,
  deleteInstance: true,
  instances: true,
  setting: true,
  setSetting: true,
};

type Call = (...given: never[]) => Promise<unknown>;

export function measuredStore(store: TaskStore, onCall: StoreCallListener): TaskStore {
  const measured = (name: Operation): Call => {
    const call = (store[name] as Call).bind(store) as (...given: unknown[]) => Promise<unknown>;
    return async (...given: unknown[]) => {
      const startMs = performance.now();
      try {
        const answer = await call(...given);
        onCall(name, performance.now() - startMs, false);
        return answer;
      } catch (error) {
        onCall(name, performance.now() - startMs, true);
        throw error;
      }
    };
  };
  const operations = Object.keys(OPERATIONS).map((name) => [name, measured(name as Operation)]);
  return {
    ...(Object.fromEntries(operations) as Pick<TaskStore, Operation>),
    durability: store.durability,
    watch: (listener) => store.watch(listener),
    watchShared: (listener) => store.watchShared(listener),
    close: () => store.close(),
  };
}
