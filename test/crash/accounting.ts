/** At the end: whether each acknowledged task is in the results exactly once, as a worker gave it. */

import type { Task } from '../../src/client/index.ts';
import type { Witness } from './witness.ts';

export interface Account {
  readonly acknowledged: number;
  readonly completed: number;
  /** Why each is missed, by its task. */
  readonly lost: ReadonlyMap<string, string>;
  readonly doubled: ReadonlyMap<string, string>;
}

export interface Evidence {
  readonly acknowledged: Iterable<string>;
  /** Every task that the queue knows at the end. */
  readonly stored: AsyncIterable<Task> | Iterable<Task>;
  readonly witness: Pick<Witness, 'isResultOf' | 'doubled'>;
  /** Results that clients were shown while servers died, by their tasks: they must have stayed. */
  readonly shown: ReadonlyMap<string, string>;
}

export async function accountFor({ acknowledged, stored, witness, shown }: Evidence): Promise<Account> {
  const found = new Map<string, Task>();
  const doubled = new Map(witness.doubled);
  for await (const task of stored) {
    if (found.has(task.id)) doubled.set(task.id, 'is in the results more than once');
    found.set(task.id, task);
  }
  const lost = new Map<string, string>();
  let count = 0;
  for (const id of acknowledged) {
    count++;
    const wrong = whatIsWrong(found.get(id), witness, shown.get(id));
    if (wrong !== undefined) lost.set(id, wrong);
  }
  return { acknowledged: count, completed: count - lost.size, lost, doubled };
}

function whatIsWrong(
  task: Task | undefined,
  witness: Pick<Witness, 'isResultOf'>,
  shown: string | undefined,
): string | undefined {
  if (task === undefined) return 'was acknowledged, and is not there';
  if (task.state !== 'completed') {
    const { failure } = task;
    return `is ${task.state}${failure === undefined ? '' : ` (${failure.code}: ${failure.message})`}`;
  }
  const key = resultKey(task.result);
  if (key === undefined) return `completed without a result: ${JSON.stringify(task.result)}`;
  if (shown !== undefined && shown !== key) return `had the result ${shown}, and has ${key} now`;
  if (!witness.isResultOf(task.id, key)) return `has the result ${key}, which is not that of its workers`;
  return undefined;
}

/** The name of a result: task instances' of the harness and engines' completions both have an `id`. */
export function resultKey(result: unknown): string | undefined {
  const id = (result as { readonly id?: unknown } | null | undefined)?.id;
  return typeof id === 'string' ? id : undefined;
}
