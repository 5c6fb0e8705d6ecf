/** What each task command needs to reach the queue, and how it says what went wrong. */

import type { Command } from 'commander';
import { TaskClient, TaskClientError } from '../../client/index.ts';

export const TOKEN_VARIABLE = 'SIGNALBOX_CONTROL_TOKEN';

export const DEFAULT_CONTROL = 'http://127.0.0.1:8081';

export interface ControlFlags {
  readonly control: string;
  readonly token?: string;
}

/** A mistake of the person who typed; where it arose is of no use to them. */
export class TaskCommandError extends Error {
  override readonly name = 'TaskCommandError';
}

export function withControl(command: Command): Command {
  return command
    .option('--control <url>', 'the control listener', DEFAULT_CONTROL)
    .option('--token <token>', `its token, where it asks for one (default: $${TOKEN_VARIABLE})`);
}

/** @throws TaskCommandError */
export function clientOf({ control, token = process.env[TOKEN_VARIABLE] }: ControlFlags): TaskClient {
  const isUrl = URL.canParse(control) && /^https?:$/.test(new URL(control).protocol);
  if (!isUrl) {
    throw new TaskCommandError(`--control: found "${control}", allowed is a URL as in http://127.0.0.1:8081`);
  }
  return new TaskClient({ baseUrl: control, ...(token !== undefined && token !== '' && { token }) });
}

/** What may help, by the status of the answer; 0 where there was none. */
const HINTS: Readonly<Record<number, string>> = {
  0: '; start one with `signalbox up`, or give its control listener with --control',
  401: `; give the control listener's token with --token or in $${TOKEN_VARIABLE}`,
  404: '; is this the control listener of Signalbox, with tasks.enabled?',
};

/** Runs a command's work and says in a line why it could not be done. */
export async function sayingWhy(command: Command, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof TaskCommandError) && !(error instanceof TaskClientError)) throw error;
    const hint = error instanceof TaskClientError ? (HINTS[error.status] ?? '') : '';
    command.error(`error: ${error.message}${hint}`, { exitCode: 1 });
  }
}
