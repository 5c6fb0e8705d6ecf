/** Opens a trace file, and looks through it once before anything is sent. */

import { createReadStream, type ReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import {
  openTrace,
  type Trace,
  TraceError,
  type TraceNotes,
  type TraceRequest,
} from '../../simulator/index.ts';
import type { ReplayOptions } from './options.ts';
import { interruptedEarly, usageError } from './replay-error.ts';

/** The part of a trace that will be sent. */
export interface TracePlan {
  readonly format: string;
  readonly requests: number;
  /** From the first request sent to the last, at the trace's own speed. */
  readonly spanMs: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly notes: TraceNotes;
}

/** Reads as far as `limit` needs, so that every mistake in the file is met before the first request. */
export async function planTrace(options: ReplayOptions, interrupt: AbortSignal): Promise<TracePlan> {
  const opened = await openTraceFile(options);
  let requests = 0;
  let firstMs = 0;
  let lastMs = 0;
  let promptTokens = 0;
  let outputTokens = 0;
  for await (const request of wantedRequests(opened, options)) {
    if (interrupt.aborted) throw interruptedEarly();
    if (requests === 0) firstMs = request.arrivalMs;
    lastMs = request.arrivalMs;
    requests += 1;
    promptTokens += request.promptTokens;
    outputTokens += request.outputTokens;
  }
  const { format, notes } = opened.trace;
  if (requests === 0) throw usageError(`${options.trace}: ${nothingLeft(notes, options.offset)}`);
  return { format, requests, spanMs: lastMs - firstMs, promptTokens, outputTokens, notes };
}

/** The requests to send, shortened to the caps; file and reader are closed however the iteration ends. */
export async function* wantedRequests(
  { stream, trace }: OpenedTrace,
  options: ReplayOptions,
): AsyncGenerator<TraceRequest> {
  let seen = 0;
  try {
    for await (const request of trace.requests) {
      seen += 1;
      if (seen <= options.offset) continue;
      yield capped(request, options);
      if (seen - options.offset >= options.limit) return;
    }
  } catch (error) {
    throw explained(error, options.trace);
  } finally {
    stream.destroy();
  }
}

interface OpenedTrace {
  readonly stream: ReadStream;
  readonly trace: Trace;
}

export async function openTraceFile(options: ReplayOptions): Promise<OpenedTrace> {
  const found = await stat(options.trace).catch((error: unknown) => {
    throw explained(error, options.trace);
  });
  if (found.isDirectory()) throw usageError(`${options.trace} is a directory, not a trace`);
  const stream = createReadStream(options.trace, 'utf8');
  try {
    const trace = await openTrace(stream, {
      keepEqualStamps: options.keepEqualStamps,
      maxBrokenShare: options.maxBrokenShare,
      ...(options.format === undefined ? {} : { format: options.format }),
      ...(options.blockTokens === undefined ? {} : { blockTokens: options.blockTokens }),
    });
    return { stream, trace };
  } catch (error) {
    stream.destroy();
    throw explained(error, options.trace);
  }
}

function capped(request: TraceRequest, options: ReplayOptions): TraceRequest {
  return {
    ...request,
    promptTokens: Math.min(request.promptTokens, options.promptTokensCap),
    outputTokens: Math.min(request.outputTokens, options.maxTokensCap),
  };
}

function nothingLeft({ requests }: TraceNotes, offset: number): string {
  if (requests === 0) return 'the trace holds no request';
  return `the trace holds ${requests} requests, so --offset ${offset} leaves none`;
}

function explained(error: unknown, file: string): unknown {
  if (error instanceof TraceError) return usageError(`${file}: ${error.message}`);
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return usageError(`${file}: there is no such file`);
  if (code === 'EACCES') return usageError(`${file}: not allowed to read it`);
  return error;
}
