/** A process that submits at full speed, claims some, and tells its parent what was acknowledged, until it is killed. */

import { openTaskStore } from '../open.ts';
import { aTask } from './a-task.ts';

const store = await openTaskStore({ directory: process.env.SUBMITTER_DIRECTORY! });
await store.submit([aTask(), aTask()]);
const [ours, theirs] = await store.claim('llama', 2);
await store.place([
  { taskId: ours!.id, attempt: 1, instance: 'i1', runsIn: 'process' },
  { taskId: theirs!.id, attempt: 1, instance: 'i2', runsIn: 'instance' },
]);
process.send?.({ ours: ours!.id, theirs: theirs!.id });
for (let worker = 0; worker < 8; worker += 1) void submitForEver();

async function submitForEver(): Promise<void> {
  for (;;) {
    const task = aTask();
    await store.submit([task]);
    process.send?.({ acknowledged: task.id });
  }
}
