/** `signalbox up`: the gateway in front of a fleet, with its control listener. */

import { Command, InvalidArgumentError } from 'commander';
import { bannerOf } from './up/banner.ts';
import { loadUpConfig, type UpFlags } from './up/load.ts';
import { runUntilSignal } from './up/run.ts';
import { StartError } from './up/start-error.ts';

export function upCommand(): Command {
  return new Command('up')
    .description('Start the gateway; without a file or --upstream, in front of simulated engines.')
    .option('-c, --config <file>', 'configuration file (YAML)')
    .option('--upstream <url>', 'an engine to stand in front of; may be repeated', collect, [])
    .option('--f5-config <file>', "the F5 scheduler's own file: answer load balancers that ask where to send")
    .option('--port <number>', 'port of the data listener', port)
    .option('--host <address>', 'address of the data listener')
    .option('--control-port <number>', 'port of the control listener', port)
    .option('--open', 'listen on every address without asking for API keys')
    .option('--policy <name>', 'which waiting request goes first')
    .option('--routing <name>', 'which instance it goes to')
    .option('--log-level <level>', 'the least important log lines that are written')
    .option('--log-format <format>', 'auto, json or pretty')
    .action(act);
}

async function act(flags: UpFlags, command: Command): Promise<void> {
  const loaded = loadUpConfig(flags);
  if (!loaded.ok) return command.error(loaded.message, { exitCode: 1 });
  for (const warning of loaded.warnings) process.stderr.write(`warning: ${warning}\n`);
  try {
    await runUntilSignal(loaded, (facts) => process.stderr.write(bannerOf(facts)));
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    command.error(`error: ${error.message}`, { exitCode: 1 });
  }
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function port(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 65_535) return value;
  throw new InvalidArgumentError('a whole number from 0 to 65535 is allowed.');
}
