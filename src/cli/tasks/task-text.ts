/** Tasks as text for people. */

import type { Task } from '../../client/index.ts';
import { alignColumns, formatDuration } from '../replay/text-table.ts';

const HEADINGS = ['task', 'state', 'model', 'instance', 'try', 'age', 'took'] as const;
const EMPTY = '-';

export function tasksText(tasks: readonly Task[], nowMs: number): string {
  if (tasks.length === 0) return 'no tasks\n';
  const rows = tasks.map((task) => [
    task.id,
    task.state,
    task.model,
    task.instance === '' ? EMPTY : task.instance.slice(0, 8),
    String(task.attempt),
    formatDuration(Math.max(0, nowMs - task.submittedMs)),
    task.endedMs === undefined ? EMPTY : formatDuration(task.endedMs - task.submittedMs),
  ]);
  return `${alignColumns([HEADINGS, ...rows]).join('\n')}\n`;
}

export function taskText(task: Task, nowMs: number): string {
  const rows: (readonly [string, string | undefined])[] = [
    ['task', task.id],
    ['state', task.state],
    ['model', task.model],
    ['instance', task.instance || EMPTY],
    ['priority', task.priority],
    ['try', String(task.attempt)],
    [
      'submitted',
      `${new Date(task.submittedMs).toISOString()} (${formatDuration(nowMs - task.submittedMs)} ago)`,
    ],
    ['ended', task.endedMs === undefined ? undefined : new Date(task.endedMs).toISOString()],
    ['expected', task.expectedMs === undefined ? undefined : formatDuration(task.expectedMs)],
    ['execution', task.executionMs === undefined ? undefined : formatDuration(task.executionMs)],
    ['batch', task.batchId],
    ['error', task.failure && `${task.failure.code}: ${task.failure.message}`],
    ['input', JSON.stringify(task.input)],
    ['result', task.result === undefined ? undefined : JSON.stringify(task.result)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name.padEnd(width)}  ${value}`],
  );
  return `${lines.join('\n')}\n`;
}
