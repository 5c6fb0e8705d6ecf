#!/usr/bin/env node
/** The command line: each command in a file of its own, loaded when it is called. */

import { Command } from 'commander';
import { VERSION } from './version.ts';

/** So that `signalbox up` does not wait for what only other commands need. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  up: async () => (await import('./up.ts')).upCommand(),
  check: async () => (await import('./check.ts')).checkCommand(),
  engine: async () => (await import('./engine.ts')).engineCommand(),
  replay: async () => (await import('./replay.ts')).replayCommand(),
  submit: async () => (await import('./submit.ts')).submitCommand(),
  tasks: async () => (await import('./tasks.ts')).tasksCommand(),
  task: async () => (await import('./tasks.ts')).taskCommand(),
  cancel: async () => (await import('./tasks.ts')).cancelCommand(),
  explain: async () => (await import('./explain.ts')).explainCommand(),
  plan: async () => (await import('./plan.ts')).planCommand(),
  key: async () => (await import('./key.ts')).keyCommand(),
  schema: async () => (await import('./schema.ts')).schemaCommand(),
};

async function main(args: readonly string[]): Promise<void> {
  const program = new Command('signalbox')
    .description('The scheduler for fleets of LLM inference engines.')
    .version(VERSION)
    .showHelpAfterError('(add --help for what is allowed)');
  const called = COMMANDS[args[0] ?? ''];
  const wanted = called === undefined ? Object.values(COMMANDS) : [called];
  for (const command of await Promise.all(wanted.map((load) => load()))) program.addCommand(command);
  await program.parseAsync([...args], { from: 'user' });
}

// Whoever reads what a command says may have had enough, as `head` has.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
