/** The process's log: JSON lines or, on a terminal, readable ones; without secrets and prompts; its level can be changed while it runs. */

import { isatty } from 'node:tty';
import {
  type Bindings,
  type ChildLoggerOptions,
  type DestinationStream,
  destination,
  type Logger,
  pino,
  stdTimeFunctions,
} from 'pino';
import { doAtExit, doNotAtExit } from './at-exit.ts';
import { batchedOutput, type LineOutput } from './batched-output.ts';
import { redactForLog, redactText } from './redaction.ts';
import type { InfoLog } from './request-log.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** `auto` is `pretty` on a terminal and `json` elsewhere. */
export const LOG_FORMATS = ['json', 'pretty', 'auto'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Where lines go; by default the standard output, written in the background. */
  readonly destination?: DestinationStream;
}

export interface AppLog {
  /** The log of the process as a whole. */
  readonly logger: Logger;
  /** The log of one part; its lines carry `component`. */
  component(name: string): Logger;
  /** For the lines of `logRequest`, which are clean by themselves: they are not searched for secrets, which takes half the time off them. */
  readonly requests: InfoLog;
  level(): LogLevel;
  /** Holds for every component at once. */
  setLevel(level: LogLevel): void;
  /** Writes out what is still in memory and returns when that is done; also happens by itself at exit. */
  flush(): void;
  /** Does the same once and for all, as far as nothing is written later. */
  close(): void;
}

const STDOUT = 1;

/** Opens the log. The package that makes lines readable is loaded only when it is used. */
export async function createLogger(options: LoggerOptions): Promise<AppLog> {
  const isTerminal = options.destination === undefined && isatty(STDOUT);
  const isPretty = options.format === 'pretty' || (options.format === 'auto' && isTerminal);
  const sink = options.destination ?? backgroundOutput(isTerminal);
  const stream = isPretty ? await prettyStream(sink, isTerminal) : sink;
  const plain = pino(pinoOptions(options.level), stream);
  const requests = plain.child({}, { formatters: { log: (fields) => fields } });
  const logger = redactingChildren(plain);
  const components = new Map<string, Logger>();
  const flush = (): void => {
    if ('flushSync' in sink && typeof sink.flushSync === 'function') sink.flushSync();
  };
  return {
    logger,
    component(name) {
      const known = components.get(name);
      if (known !== undefined) return known;
      const child = logger.child({ component: name });
      components.set(name, child);
      return child;
    },
    requests,
    level: () => logger.level as LogLevel,
    setLevel(level) {
      // A child keeps the level that its parent had when it was made.
      for (const each of [logger, requests, ...components.values()]) each.level = level;
    },
    flush,
    close() {
      flush();
      if (isFlushedAtExit(sink)) sink.leaveExit();
    },
  };
}

function pinoOptions(level: LogLevel) {
  return {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: object) => redactForLog(fields) as Record<string, unknown>,
    },
    // Errors come out of the redaction above as plain fields already.
    serializers: { err: (error: unknown) => error, msg: (message: unknown) => redactMessage(message) },
  };
}

/** pino has no formatter for what children are bound to; they inherit this method, so that it holds for theirs too. */
function redactingChildren(logger: Logger): Logger {
  const plainChild = logger.child;
  return Object.assign(logger, {
    child(this: Logger, bindings: Bindings, options?: ChildLoggerOptions): Logger {
      return Reflect.apply(plainChild, this, [redactForLog(bindings), options]);
    },
  });
}

function redactMessage(message: unknown): unknown {
  return typeof message === 'string' ? redactText(message) : message;
}

interface FlushedStream extends DestinationStream {
  flushSync(): void;
  leaveExit(): void;
}

function isFlushedAtExit(sink: DestinationStream): sink is FlushedStream {
  return 'leaveExit' in sink;
}

/** Characters of a batch of lines. */
const BATCH_LENGTH = 32_768;

/** Writes happen in the background and, unless somebody watches, many lines at a time. */
function backgroundOutput(isTerminal: boolean): DestinationStream {
  if (isTerminal) return destination({ dest: STDOUT, sync: false });
  const sink = destination({
    dest: STDOUT,
    sync: false,
    minLength: BATCH_LENGTH,
    maxWrite: 2 * BATCH_LENGTH,
  });
  const batched = batchedOutput(sink, {
    maxLength: BATCH_LENGTH,
    maxDelayMs: 250,
    maxOvertakenMs: 100,
  });
  return flushedAtExit(batched, sink);
}

/** Has its lines written out at the end of the process, from its first line until it is told that no more will come. */
function flushedAtExit(output: LineOutput, sink: ReturnType<typeof destination>): FlushedStream {
  let isAwaited = false;
  let isOpen = true;
  const flush = (): void => {
    if (isOpen) output.flushSync();
  };
  const leave = (): void => {
    isAwaited = false;
    doNotAtExit(flush);
  };
  sink.on('close', () => {
    isOpen = false;
    leave();
  });
  return {
    write(text) {
      if (!isAwaited) {
        isAwaited = true;
        // Before the sink's own listeners, which close it.
        doAtExit(flush);
      }
      output.write(text);
    },
    flushSync: () => output.flushSync(),
    leaveExit: leave,
  };
}

async function prettyStream(sink: DestinationStream, colorize: boolean): Promise<DestinationStream> {
  const { prettyFactory } = await import('pino-pretty');
  const prettify = prettyFactory({ colorize, translateTime: 'SYS:HH:MM:ss.l', singleLine: true });
  return { write: (line) => void sink.write(prettify(line)) };
}
