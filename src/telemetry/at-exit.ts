/** What is to be done when the process ends, behind one listener however many ask for it. */

const tasks = new Set<() => void>();

function runAll(): void {
  for (const task of tasks) task();
}

/** Before the listeners of others there are by then, and of all that come later. */
export function doAtExit(task: () => void): void {
  if (tasks.size === 0) process.prependListener('beforeExit', runAll).prependListener('exit', runAll);
  tasks.add(task);
}

export function doNotAtExit(task: () => void): void {
  tasks.delete(task);
  if (tasks.size === 0) process.off('beforeExit', runAll).off('exit', runAll);
}
