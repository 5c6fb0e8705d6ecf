/** The result of a replay as data: what `--json` writes and what the table shows. Its fields are listed in `docs/replay.md`. */

import type { TraceNotes } from '../../simulator/index.ts';
import type { Failure } from './failure.ts';
import type { ReplayOptions } from './options.ts';
import type { Recorder } from './recorder.ts';
import type { Distribution } from './samples.ts';
import type { Slo } from './slo.ts';
import { targetUrl } from './target.ts';
import type { TracePlan } from './trace-file.ts';

/** Raised when a field changes its meaning or goes. */
export const REPORT_SCHEMA_VERSION = 1;

/** The generator is late when one request of a hundred was sent this much after its moment, or worse. */
export const LATE_GENERATOR_MS = 20;

export interface ReplayReport {
  readonly schemaVersion: typeof REPORT_SCHEMA_VERSION;
  readonly signalboxVersion: string;
  readonly nodeVersion: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly parameters: ReportedParameters;
  readonly trace: TracePlan & { readonly notes: TraceNotes };
  /** Whether it was ended by Ctrl-C. */
  readonly interrupted: boolean;
  /** From the first intended moment to the end of the last answer. */
  readonly durationMs: number;
  readonly requests: {
    readonly planned: number;
    readonly sent: number;
    readonly completed: number;
    readonly failed: number;
    /** In flight when the replay was interrupted. */
    readonly aborted: number;
    readonly otherLength: number;
  };
  readonly failures: readonly (Failure & { readonly count: number })[];
  readonly goodput: {
    readonly slo: Slo;
    readonly met: number;
    /** Of those that completed or failed. */
    readonly share: number;
    readonly requestsPerSecond: number;
  };
  readonly throughput: {
    readonly requestsPerSecond: number;
    readonly promptTokensPerSecond: number;
    readonly outputTokensPerSecond: number;
    readonly promptTokens: number;
    readonly outputTokens: number;
    /** Prompt tokens that the engines had cached; null when no answer told it. */
    readonly cachedTokens: number | null;
  };
  readonly latencies: {
    readonly ttftMs: Distribution | null;
    readonly tpotMs: Distribution | null;
    readonly e2eMs: Distribution | null;
    readonly queueMs: Distribution | null;
  };
  readonly instances: readonly InstanceReport[];
  readonly generator: {
    readonly latenessMs: Distribution | null;
    readonly isLate: boolean;
    readonly heldBack: number;
  };
}

export interface InstanceReport {
  readonly id: string;
  readonly requests: number;
  /** Of the requests that named their instance. */
  readonly share: number;
  readonly completed: number;
  readonly failed: number;
  readonly outputTokens: number;
  readonly ttftMs: Distribution | null;
}

/** What was asked for, without secrets; null where nothing bounds. */
export interface ReportedParameters {
  readonly trace: string;
  readonly target: string;
  readonly model: string;
  readonly endpoint: string;
  readonly speed: number;
  readonly offset: number;
  readonly limit: number | null;
  readonly concurrency: number | null;
  readonly maxTokensCap: number | null;
  readonly promptTokensCap: number | null;
  readonly ignoreEos: boolean;
  readonly keepEqualStamps: boolean;
  /** Null for the format's own. */
  readonly blockTokens: number | null;
  readonly maxBrokenShare: number;
  readonly seed: number;
  readonly timeoutMs: number;
  /** Names only. */
  readonly headers: readonly string[];
}

/** What a report is made of besides the counts. */
export interface RunFacts {
  readonly options: ReplayOptions;
  readonly model: string;
  readonly plan: TracePlan;
  readonly signalboxVersion: string;
  readonly startedAt: Date;
  readonly interrupted: boolean;
}

export function buildReport(recorder: Recorder, facts: RunFacts): ReplayReport {
  const durationMs = Math.max(0, recorder.lastEndAtMs - recorder.firstIntendedAtMs);
  return {
    schemaVersion: REPORT_SCHEMA_VERSION,
    signalboxVersion: facts.signalboxVersion,
    nodeVersion: process.version,
    startedAt: facts.startedAt.toISOString(),
    parameters: reportedParameters(facts),
    trace: { ...facts.plan, notes: { ...facts.plan.notes } },
    interrupted: facts.interrupted,
    durationMs,
    requests: {
      planned: facts.plan.requests,
      sent: recorder.sent,
      completed: recorder.completed,
      failed: recorder.failed,
      aborted: recorder.aborted,
      otherLength: recorder.otherLength,
    },
    failures: [...recorder.failures.values()]
      .map(({ failure, count }) => ({ ...failure, count }))
      .sort((left, right) => right.count - left.count),
    ...rates(recorder, facts.options.slo, durationMs),
    latencies: {
      ttftMs: recorder.ttftMs.distribution() ?? null,
      tpotMs: recorder.tpotMs.distribution() ?? null,
      e2eMs: recorder.e2eMs.distribution() ?? null,
      queueMs: recorder.queueMs.distribution() ?? null,
    },
    instances: instanceReports(recorder),
    generator: generatorReport(recorder),
  };
}

function reportedParameters({ options, model }: RunFacts): ReportedParameters {
  return {
    trace: options.trace,
    target: targetUrl(options.target),
    model,
    endpoint: options.endpoint,
    speed: options.speed,
    offset: options.offset,
    limit: boundOrNull(options.limit),
    concurrency: boundOrNull(options.concurrency),
    maxTokensCap: boundOrNull(options.maxTokensCap),
    promptTokensCap: boundOrNull(options.promptTokensCap),
    ignoreEos: options.ignoreEos,
    keepEqualStamps: options.keepEqualStamps,
    blockTokens: options.blockTokens ?? null,
    maxBrokenShare: options.maxBrokenShare,
    seed: options.seed,
    timeoutMs: options.timeoutMs,
    headers: Object.keys(options.headers),
  };
}

function boundOrNull(bound: number): number | null {
  return Number.isFinite(bound) ? bound : null;
}

function rates(
  recorder: Recorder,
  slo: Slo,
  durationMs: number,
): Pick<ReplayReport, 'goodput' | 'throughput'> {
  const perSecond = (count: number): number => (durationMs > 0 ? (count * 1000) / durationMs : 0);
  const ended = recorder.completed + recorder.failed;
  return {
    goodput: {
      slo,
      met: recorder.metSlo,
      share: ended === 0 ? 0 : recorder.metSlo / ended,
      requestsPerSecond: perSecond(recorder.metSlo),
    },
    throughput: {
      requestsPerSecond: perSecond(recorder.completed),
      promptTokensPerSecond: perSecond(recorder.promptTokens),
      outputTokensPerSecond: perSecond(recorder.outputTokens),
      promptTokens: recorder.promptTokens,
      outputTokens: recorder.outputTokens,
      cachedTokens: recorder.cachedTokens ?? null,
    },
  };
}

function instanceReports(recorder: Recorder): readonly InstanceReport[] {
  const all = [...recorder.instances.values()].reduce((sum, { requests }) => sum + requests, 0);
  return [...recorder.instances]
    .map(([id, tally]) => ({
      id,
      ...tally,
      share: tally.requests / all,
      ttftMs: tally.ttftMs.distribution() ?? null,
    }))
    .sort((left, right) => left.id.localeCompare(right.id, 'en', { numeric: true }));
}

function generatorReport(recorder: Recorder): ReplayReport['generator'] {
  const latenessMs = recorder.latenessMs.distribution();
  return {
    latenessMs: latenessMs ?? null,
    isLate: (latenessMs?.p99 ?? 0) > LATE_GENERATOR_MS,
    heldBack: recorder.heldBack,
  };
}
