/** The rig as the benchmark sees it: a process on the load's core that does what it is asked. */

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { LOAD_CORE, pinned } from '../machine/pinning.ts';
import type { RigCommandName, RigCommands, RigResponse } from './protocol.ts';

export class Rig {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  #lastId = 0;

  constructor() {
    const main = fileURLToPath(new URL('main.ts', import.meta.url));
    const [command, args] = pinned(LOAD_CORE, process.execPath, [main]);
    this.#child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', (response: RigResponse) => this.#onResponse(response));
    this.#child.on('exit', (status) => this.#onExit(status));
  }

  ask<Name extends RigCommandName>(
    name: Name,
    argument: RigCommands[Name]['argument'],
  ): Promise<RigCommands[Name]['result']> {
    if (!this.#child.connected) return Promise.reject(new Error('the load generator has ended'));
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: (result) => resolve(result as RigCommands[Name]['result']), reject });
      this.#child.send({ id, name, argument });
    });
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGTERM');
    await ended;
  }

  #onResponse(response: RigResponse): void {
    const waiting = this.#waiting.get(response.id);
    this.#waiting.delete(response.id);
    if (response.ok) waiting?.resolve(response.result);
    else waiting?.reject(new Error(response.message));
  }

  #onExit(status: number | null): void {
    for (const { reject } of this.#waiting.values()) {
      reject(new Error(`the load generator ended with status ${status}`));
    }
    this.#waiting.clear();
  }
}
