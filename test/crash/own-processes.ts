/** Processes that were started here end with this one, however it ends (but for kill -9). */

import type { ChildProcess } from 'node:child_process';

const alive = new Map<ChildProcess, NodeJS.Signals>();

process.on('exit', () => {
  for (const [child, signal] of alive) child.kill(signal);
});

/** @param signal what ends it at once */
export function endWithUs(child: ChildProcess, signal: NodeJS.Signals): void {
  alive.set(child, signal);
  child.once('exit', () => alive.delete(child));
}

/** Being told to stop is an end like any other: for commands, whose process is theirs alone. */
export function exitWhenTold(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
}
