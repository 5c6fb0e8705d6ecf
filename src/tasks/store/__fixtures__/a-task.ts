/** Tasks for tests, with every default filled in. */

import { randomUUID } from 'node:crypto';
import type { TaskSubmission } from '../../task.ts';

export function aTask(parts: Partial<TaskSubmission> = {}): TaskSubmission {
  return {
    id: randomUUID(),
    fingerprint: 'f',
    model: 'llama',
    input: { prompt: 'hello' },
    metadata: {},
    priority: 'NORMAL',
    maxRetries: 2,
    timeoutMs: 60_000,
    keepResultMs: 3_600_000,
    submittedMs: Date.now(),
    ...parts,
  };
}
