/** `signalbox engine`: one inference engine to develop and test against. */

import { Command, InvalidArgumentError, Option } from 'commander';
import type { DialectName, Fault } from '../engines/serving/index.ts';
import {
  createEngineServer,
  DIALECT_NAMES,
  FAULT_KINDS,
  FaultBoard,
  parseFault,
} from '../engines/serving/index.ts';
import { bannerOf } from './engine/banner.ts';
import type { EngineFlags } from './engine/sources.ts';
import { ENGINE_SOURCES } from './engine/sources.ts';

/** How long requests in flight may go on once the engine was told to stop. */
const GRACE_MS = 10_000;

interface Flags extends EngineFlags {
  readonly as?: DialectName;
  readonly port: number;
  readonly host: string;
  readonly fault: readonly Fault[];
}

export function engineCommand(): Command {
  const command = new Command('engine')
    .description(
      'serve one engine over the OpenAI API: simulated with the timing of real hardware, or a real GGUF model',
    )
    .addOption(
      new Option('--as <dialect>', 'whose API to show (default: the kind that the engine is)').choices(
        DIALECT_NAMES,
      ),
    )
    .option('--port <number>', 'port to listen on; 0 for a free one', wholeNumber(0, 65_535), 8000)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--model <name>', "name to serve the model under (default: the engine's own)")
    .option(
      '--fault <kind[:parameter]>',
      `misbehave: ${FAULT_KINDS.join(', ')}; may be repeated`,
      collectFault,
      [],
    );
  for (const source of ENGINE_SOURCES) for (const option of source.options()) command.addOption(option);
  return command.action((flags: Flags) => act(command, flags));
}

async function act(command: Command, flags: Flags): Promise<void> {
  const chosen = ENGINE_SOURCES.filter((source) => flags[source.flag] !== undefined);
  const [source] = chosen;
  if (source === undefined || chosen.length > 1) {
    const names = ENGINE_SOURCES.map(({ flag }) => `--${flag}`).join(', ');
    return command.error(`error: say which engine to serve with exactly one of: ${names}`);
  }
  try {
    const opened = await source.open(flags);
    const dialect = flags.as ?? source.dialect;
    const faults = new FaultBoard(flags.fault);
    const server = createEngineServer({ engine: opened.engine, slots: opened.slots, dialect, faults });
    const url = await server.listen({ port: flags.port, host: flags.host });
    process.stdout.write(bannerOf({ url, dialect, opened, faults: faults.active }));
    closeOnSignal(server.close);
  } catch (error) {
    command.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The first signal lets requests in flight finish, the second does not. */
function closeOnSignal(close: (graceMs: number) => Promise<void>): void {
  let isClosing = false;
  const onSignal = () => {
    if (isClosing) process.exit(1);
    isClosing = true;
    void close(GRACE_MS).then(() => process.exit(0));
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
}

function collectFault(text: string, before: readonly Fault[]): readonly Fault[] {
  try {
    return [...before, parseFault(text)];
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`a whole number from ${min} to ${max} is allowed.`);
  };
}
