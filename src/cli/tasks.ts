/** `signalbox tasks`, `signalbox task ID` and `signalbox cancel ID`: looking at the durable queue. */

import { Command, Option } from 'commander';
import { type Task, type TaskClient, TaskClientError, type TaskState } from '../client/index.ts';
import { parseCount } from './replay/quantity.ts';
import { ReplayError } from './replay/replay-error.ts';
import {
  type ControlFlags,
  clientOf,
  sayingWhy,
  TaskCommandError,
  withControl,
} from './tasks/control-options.ts';
import { Patience } from './tasks/patience.ts';
import { tasksText, taskText } from './tasks/task-text.ts';

const STATES = [
  'queued',
  'scheduled',
  'completed',
  'failed',
  'cancelled',
] as const satisfies readonly TaskState[];
const DEFAULT_LIMIT = '50';

interface ListFlags extends ControlFlags {
  readonly status?: TaskState;
  readonly model?: string;
  readonly limit: string;
  readonly json?: boolean;
}

export function tasksCommand(): Command {
  return withControl(
    new Command('tasks')
      .description('List tasks of the durable queue, the newest first.')
      .addOption(new Option('--status <state>', 'only those in this state').choices(STATES))
      .option('--model <name>', 'only those of this model')
      .option('--limit <n>', 'at most so many', DEFAULT_LIMIT)
      .option('--json', 'a JSON object a line, with input and result'),
  ).action((flags: ListFlags, command: Command) =>
    sayingWhy(command, async () => {
      const tasks = await listed(clientOf(flags), flags);
      const lines = tasks.map((task) => `${JSON.stringify(task)}\n`).join('');
      command.configureOutput().writeOut?.(flags.json ? lines : tasksText(tasks, Date.now()));
    }),
  );
}

async function listed(client: TaskClient, { status, model, limit }: ListFlags): Promise<readonly Task[]> {
  const most = countOf(limit);
  const filter = { ...(status !== undefined && { state: status }), ...(model !== undefined && { model }) };
  const tasks: Task[] = [];
  for await (const task of client.list(filter, { pageSize: Math.min(most, 100) })) {
    tasks.push(task);
    if (tasks.length === most) break;
  }
  return tasks;
}

function countOf(limit: string): number {
  try {
    return parseCount(limit, '--limit', 1);
  } catch (error) {
    if (error instanceof ReplayError) throw new TaskCommandError(error.message, { cause: error });
    throw error;
  }
}

interface TaskFlags extends ControlFlags {
  readonly json?: boolean;
  readonly wait?: boolean;
}

export function taskCommand(): Command {
  return withControl(
    new Command('task')
      .description('Show one task of the durable queue: where it is, and what came of it.')
      .argument('<id>', 'its id, with or without task-')
      .option('--wait', 'until it has ended')
      .option('--json', 'as JSON'),
  ).action((id: string, flags: TaskFlags, command: Command) =>
    sayingWhy(command, async () => {
      const client = clientOf(flags);
      const task = await (flags.wait ? waited(client, id) : client.get(id));
      if (task === undefined) throw new TaskCommandError(`no task ${id} is known there`);
      const text = flags.json ? `${JSON.stringify(task, undefined, 2)}\n` : taskText(task, Date.now());
      command.configureOutput().writeOut?.(text);
    }),
  );
}

/** Through restarts of the server; `undefined` when there is no such task. */
async function waited(client: TaskClient, id: string): Promise<Task | undefined> {
  const patience = new Patience({ signal: new AbortController().signal });
  const known = await patience.call(() => client.get(id));
  return known && (await patience.call(() => client.wait(id)));
}

export function cancelCommand(): Command {
  return withControl(
    new Command('cancel')
      .description('End tasks of the durable queue that have not ended.')
      .argument('<id...>', 'their ids'),
  ).action((ids: readonly string[], flags: ControlFlags, command: Command) =>
    sayingWhy(command, async () => {
      const client = clientOf(flags);
      for (const id of ids) {
        try {
          await client.cancel(id);
          command.configureOutput().writeOut?.(`${id} cancelled\n`);
        } catch (error) {
          if (!(error instanceof TaskClientError) || (error.status !== 404 && error.status !== 409))
            throw error;
          process.stderr.write(`${id}: ${error.message}\n`);
          process.exitCode = 1;
        }
      }
    }),
  );
}
