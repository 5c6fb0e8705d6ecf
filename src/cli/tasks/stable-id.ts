/**
 * A task's id from what it is: the same line of the same run has the same id, so a command that is given again finds its tasks
 * instead of submitting them twice.
 */

// Not through the room's door, behind which the whole store would be loaded.
import { uuidOfName } from '../../tasks/name-uuid.ts';
import type { InputTask } from './input-file.ts';

type Content = Pick<InputTask, 'line' | 'input' | 'endpoint'>;

/** @param run what sets this run apart from others with the same lines */
export function stableTaskId(run: string, model: string, { line, input, endpoint }: Content): string {
  const name = JSON.stringify([run, model, line, endpoint ?? '', input]);
  return uuidOfName(name);
}
