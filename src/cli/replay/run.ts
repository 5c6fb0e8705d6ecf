/** Runs one replay from its options to its report. */

import { access, constants, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Pool } from 'undici';
import { promptSynthesizer, type TraceRequest } from '../../simulator/index.ts';
import { VERSION } from '../version.ts';
import { type Call, startCall } from './call.ts';
import type { ReplayOptions } from './options.ts';
import { type Output, startProgress } from './progress.ts';
import { Recorder } from './recorder.ts';
import { runError, usageError } from './replay-error.ts';
import { buildReport, type ReplayReport } from './report.ts';
import { reportText } from './report-text.ts';
import { PATHS, requestBody } from './request-body.ts';
import { type Sender, sendAll } from './sender.ts';
import { chooseModel, targetUrl } from './target.ts';
import { formatDuration, formatNumber } from './text-table.ts';
import { openTraceFile, planTrace, type TracePlan, wantedRequests } from './trace-file.ts';

export interface ReplayIo {
  /** Gets the report. */
  readonly stdout: Output;
  /** Gets the progress. */
  readonly stderr: Output;
  /** Ends the replay early: nothing more is sent, what is in flight is dropped. */
  readonly interrupt: AbortSignal;
}

/** Throws a `ReplayError` when there is nothing to send or nobody to send it to. */
export async function runReplay(options: ReplayOptions, io: ReplayIo): Promise<ReplayReport> {
  if (options.jsonFile !== undefined) await checkWritable(options.jsonFile);
  const plan = await planTrace(options, io.interrupt);
  // The pool opens a connection for whatever has none: the number in flight is the sender's affair.
  const pool = new Pool(options.target.origin, { connections: null, pipelining: 1 });
  try {
    const headers = requestHeaders(options);
    const model = await chooseModel(pool, options.target, {
      ...options,
      headers,
      interrupt: io.interrupt,
    });
    io.stderr.write(announcement(options, plan, model));
    const report = await replay(pool, options, plan, { model, headers }, io);
    io.stdout.write(reportText(report));
    if (options.jsonFile !== undefined) await writeReport(options.jsonFile, report);
    return report;
  } finally {
    await pool.destroy();
  }
}

interface Fixed {
  readonly model: string;
  readonly headers: Readonly<Record<string, string>>;
}

async function replay(
  pool: Pool,
  options: ReplayOptions,
  plan: TracePlan,
  fixed: Fixed,
  io: ReplayIo,
): Promise<ReplayReport> {
  const recorder = new Recorder(options.slo);
  const inFlight = new Set<Call>();
  const sender = callSender(pool, options, fixed, recorder, inFlight);
  const abortAll = (): void => {
    for (const call of inFlight) call.abort();
  };
  const startedAt = new Date();
  const stopProgress = startProgress(io.stderr, recorder, {
    planned: plan.requests,
    lastSendAtMs: performance.now() + plan.spanMs / options.speed,
  });
  io.interrupt.addEventListener('abort', abortAll);
  try {
    const requests = wantedRequests(await openTraceFile(options), options);
    await sendAll(requests, sender, { ...options, signal: io.interrupt });
  } finally {
    io.interrupt.removeEventListener('abort', abortAll);
    stopProgress();
  }
  return buildReport(recorder, {
    options,
    model: fixed.model,
    plan,
    signalboxVersion: VERSION,
    startedAt,
    interrupted: io.interrupt.aborted,
  });
}

function callSender(
  pool: Pool,
  options: ReplayOptions,
  { model, headers }: Fixed,
  recorder: Recorder,
  inFlight: Set<Call>,
): Sender<string> {
  const prompts = promptSynthesizer(options.seed);
  const path = options.target.basePath + PATHS[options.endpoint];
  const { endpoint, ignoreEos, timeoutMs } = options;
  return {
    prepare: (request: TraceRequest) =>
      requestBody(request, prompts.promptText(request), { endpoint, model, ignoreEos }),
    async send(body, request, times) {
      recorder.recordSent(times);
      const call = startCall(pool, { path, headers, body, timeoutMs });
      inFlight.add(call);
      const outcome = await call.outcome;
      inFlight.delete(call);
      recorder.recordEnd(request, times, outcome);
    },
  };
}

function requestHeaders({ apiKey, headers }: ReplayOptions): Readonly<Record<string, string>> {
  return {
    'content-type': 'application/json',
    accept: 'text/event-stream',
    'user-agent': `signalbox-replay/${VERSION}`,
    ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
    ...headers,
  };
}

function announcement(options: ReplayOptions, plan: TracePlan, model: string): string {
  return `replaying ${formatNumber(plan.requests)} requests over ${formatDuration(plan.spanMs / options.speed)} to ${targetUrl(options.target)}, model ${model} (Ctrl-C ends it with a partial report)\n`;
}

/** Before the run, not after an hour of it. */
async function checkWritable(file: string): Promise<void> {
  try {
    await access(dirname(resolve(file)), constants.W_OK);
  } catch {
    throw usageError(`--json is "${file}": its directory does not exist or cannot be written`);
  }
}

async function writeReport(file: string, report: ReplayReport): Promise<void> {
  try {
    await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
  } catch (error) {
    throw runError(`the report could not be written to ${file}: ${(error as Error).message}`);
  }
}
