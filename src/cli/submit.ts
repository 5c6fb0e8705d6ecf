/** `signalbox submit`: tasks from a file into the durable queue. */

import { Command, Option } from 'commander';
import { REQUEST_PRIORITIES } from '../domain/index.ts';
import { parseCount, parseDurationMs } from './replay/quantity.ts';
import { ReplayError } from './replay/replay-error.ts';
import { interruptOnSignals } from './replay/signals.ts';
import {
  type ControlFlags,
  clientOf,
  DEFAULT_CONTROL,
  sayingWhy,
  TaskCommandError,
  withControl,
} from './tasks/control-options.ts';
import { type SubmitReport, type SubmitWish, submitFile } from './tasks/submit.ts';

interface SubmitFlags extends ControlFlags {
  readonly model: string;
  readonly input: string;
  readonly output?: string;
  readonly wait?: boolean;
  readonly run?: string;
  readonly endpoint?: string;
  readonly priority?: string;
  readonly tenant?: string;
  readonly maxRetries?: string;
  readonly deadline?: string;
}

export function submitCommand(): Command {
  return withControl(
    new Command('submit')
      .description('Put tasks from a file into the durable queue.')
      .requiredOption('--model <name>', 'the model that runs them')
      .requiredOption(
        '--input <file>',
        'a JSON object a line: a request body, {"task_input": …}, or a line of an OpenAI batch; - for standard input',
      )
      .option('--wait', 'write each result as its task ends, and stay until all have')
      .option('--output <file>', 'where results go with --wait (default: INPUT.results.jsonl)')
      .option('--run <name>', 'sets this run apart from another one with the same lines')
      .option('--endpoint <path>', 'path on the engine (default: by the shape of the input)')
      .addOption(new Option('--priority <class>', 'their class').choices(REQUEST_PRIORITIES))
      .option('--tenant <name>', 'on whose account they run')
      .option('--max-retries <n>', 'how often a task is tried again')
      .option('--deadline <duration>', 'from now on, how long a result is of use, as in 2h'),
  ).action(act);
}

async function act(flags: SubmitFlags, command: Command): Promise<void> {
  const interrupt = new AbortController();
  const stopListening = interruptOnSignals(process, interrupt);
  await sayingWhy(command, async () => {
    const wish = wishOf(flags);
    const client = clientOf(flags);
    const report = await submitFile(client, wish, { stderr: process.stderr, interrupt: interrupt.signal });
    command
      .configureOutput()
      .writeOut?.(outcomeText(report, wish, `signalbox tasks${againstFlag(flags)} --model ${wish.model}`));
    if (report.error !== undefined) throw report.error;
    if (report.failed + report.gone > 0) process.exitCode ??= 1;
  }).finally(stopListening);
}

function wishOf(flags: SubmitFlags): SubmitWish {
  try {
    return {
      model: flags.model,
      input: flags.input,
      isWaiting: flags.wait === true,
      output: flags.output ?? `${flags.input === '-' ? 'tasks' : flags.input}.results.jsonl`,
      ...(flags.run !== undefined && { run: flags.run }),
      options: {
        ...(flags.endpoint !== undefined && { endpoint: flags.endpoint }),
        ...(flags.priority !== undefined && {
          priority: flags.priority as (typeof REQUEST_PRIORITIES)[number],
        }),
        ...(flags.tenant !== undefined && { tenant: flags.tenant }),
        ...(flags.maxRetries !== undefined && {
          maxRetries: parseCount(flags.maxRetries, '--max-retries', 0),
        }),
        ...(flags.deadline !== undefined && {
          deadlineMs: Date.now() + parseDurationMs(flags.deadline, '--deadline'),
        }),
      },
    };
  } catch (error) {
    if (error instanceof ReplayError) throw new TaskCommandError(error.message, { cause: error });
    throw error;
  }
}

/** The same server again, where it is not the one that is asked anyhow. */
function againstFlag({ control }: ControlFlags): string {
  return control === DEFAULT_CONTROL ? '' : ` --control ${control}`;
}

function outcomeText(report: SubmitReport, wish: SubmitWish, lookCommand: string): string {
  const { total, submitted, completed, failed, gone, isInterrupted, error } = report;
  if (error !== undefined && submitted === 0) return '';
  if (isInterrupted || error !== undefined) return comingBackText(report, wish, lookCommand);
  if (total === 0) return `${wish.input} has no tasks\n`;
  if (!wish.isWaiting) return `${tasks(submitted)} in the queue; see them with: ${lookCommand}\n`;
  const lost =
    gone === 0 ? '' : `, ${gone} deleted before they were fetched (the same command submits them anew)`;
  return `${completed} of ${tasks(total)} completed, ${failed} failed${lost}; results are in ${wish.output}\n`;
}

function comingBackText(
  report: SubmitReport,
  { isWaiting, output }: SubmitWish,
  lookCommand: string,
): string {
  const { total, submitted, completed, failed } = report;
  const fetched = isWaiting ? ` The results of ${completed + failed} are in ${output}.` : '';
  const rest = submitted < total ? ' The same command submits the rest, and none twice.' : '';
  return (
    `${submitted} of ${tasks(total)} are in the queue and go on without this command.${fetched}${rest}\n` +
    `Come back for ${isWaiting ? 'the other' : 'their'} results with the same command${isWaiting ? '' : ' and --wait'};` +
    ` see how far they are with: ${lookCommand}\n`
  );
}

const tasks = (count: number): string => (count === 1 ? '1 task' : `${count} tasks`);
