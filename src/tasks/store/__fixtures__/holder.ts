/** A process that claims three tasks, places two, tells its parent, and lives on until it is killed. */

import { openTaskStore, type TaskStoreOptions } from '../open.ts';

const store = await openTaskStore(JSON.parse(process.env.HOLDER_STORE ?? '{}') as TaskStoreOptions);
const [first, second, third] = await store.claim('llama', 3);
await store.place([
  { taskId: first!.id, attempt: first!.attempt, instance: 'i1', runsIn: 'process' },
  { taskId: second!.id, attempt: second!.attempt, instance: 'i2', runsIn: 'instance' },
]);
process.send?.({ process: first!.id, instance: second!.id, unplaced: third!.id });
setInterval(() => void store.heartbeat(), 100);
