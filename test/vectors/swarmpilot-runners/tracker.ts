/** Which finished tasks are kept. */

import { howManyToForget } from '../../../src/tasks/store/retention.ts';
import { type Check, differencesOf } from './verdict.ts';

export const checkCleanUp: Check = ({ input, expect }) => {
  const { max_history, complete_n } = input as { readonly max_history: number; readonly complete_n: number };
  const kept: string[] = [];
  const sizes: number[] = [];
  for (let i = 0; i < complete_n; i++) {
    kept.push(`t${i}`);
    kept.splice(0, howManyToForget(kept.length, max_history));
    sizes.push(kept.length);
  }
  return { differences: differencesOf({ kept, sizes }, expect) };
};

/** Tasks that were never submitted, or completed tasks that become scheduled again, cannot be told to the store. */
export const checkTracker: Check = ({ kind }) => ({
  skip: kind.endsWith('lockfree')
    ? 'fault S20: its counters drift away from its tasks, and a completed task may be scheduled again'
    : 'tasks in the memory of a process, where a completed one may be scheduled again; ours are in the store',
});
