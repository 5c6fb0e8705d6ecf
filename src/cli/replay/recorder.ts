/** Adds up what became of every request; about 100 bytes are kept of each. */

import type { TraceRequest } from '../../simulator/index.ts';
import type { CallOutcome } from './call.ts';
import { type Failure, failureKey } from './failure.ts';
import { Samples } from './samples.ts';
import type { SendTimes } from './sender.ts';
import { meetsSlo, type Slo, type Timings } from './slo.ts';

export interface FailureCount {
  readonly failure: Failure;
  count: number;
}

export interface InstanceTally {
  requests: number;
  completed: number;
  failed: number;
  outputTokens: number;
  readonly ttftMs: Samples;
}

type Completed = Extract<CallOutcome, { type: 'completed' }>;

export class Recorder {
  sent = 0;
  completed = 0;
  failed = 0;
  aborted = 0;
  /** Completed requests that met the SLO. */
  metSlo = 0;
  /** Completed requests whose answer was not as long as the trace's. */
  otherLength = 0;
  /** Requests that waited for `--concurrency`. */
  heldBack = 0;
  promptTokens = 0;
  outputTokens = 0;
  /** Undefined as long as no answer told it. */
  cachedTokens: number | undefined;
  /** The first moment that the trace wanted, and the one at which the last answer ended. */
  firstIntendedAtMs = 0;
  lastEndAtMs = 0;
  readonly ttftMs = new Samples();
  readonly tpotMs = new Samples();
  readonly e2eMs = new Samples();
  readonly queueMs = new Samples();
  readonly latenessMs = new Samples();
  readonly failures = new Map<string, FailureCount>();
  readonly instances = new Map<string, InstanceTally>();
  readonly #slo: Slo;

  constructor(slo: Slo) {
    this.#slo = slo;
  }

  get inFlight(): number {
    return this.sent - this.completed - this.failed - this.aborted;
  }

  recordSent({ intendedAtMs, latenessMs, heldBackMs }: SendTimes): void {
    if (this.sent === 0) this.firstIntendedAtMs = intendedAtMs;
    this.sent += 1;
    this.latenessMs.add(latenessMs);
    if (heldBackMs > 0) this.heldBack += 1;
  }

  /** Latencies count from the intended moment, so that a generator that stalls hides nothing. */
  recordEnd(request: TraceRequest, { intendedAtMs }: SendTimes, outcome: CallOutcome): void {
    this.lastEndAtMs = Math.max(this.lastEndAtMs, outcome.endAtMs);
    if (outcome.type === 'aborted') {
      this.aborted += 1;
      return;
    }
    const instance = this.#instance(outcome.instanceId);
    if (instance !== undefined) instance.requests += 1;
    if (outcome.queueMs !== undefined) this.queueMs.add(outcome.queueMs);
    if (outcome.type === 'failed') this.#fail(outcome.failure, instance);
    else this.#complete(request, timingsOf(outcome, intendedAtMs), outcome, instance);
  }

  #fail(failure: Failure, instance: InstanceTally | undefined): void {
    this.failed += 1;
    if (instance !== undefined) instance.failed += 1;
    const key = failureKey(failure);
    const known = this.failures.get(key);
    if (known === undefined) this.failures.set(key, { failure, count: 1 });
    else known.count += 1;
  }

  #complete(
    request: TraceRequest,
    timings: Timings,
    outcome: Completed,
    instance: InstanceTally | undefined,
  ): void {
    this.completed += 1;
    this.ttftMs.add(timings.ttftMs);
    this.e2eMs.add(timings.e2eMs);
    if (timings.tpotMs !== undefined) this.tpotMs.add(timings.tpotMs);
    if (meetsSlo(timings, this.#slo)) this.metSlo += 1;
    if (outcome.outputTokens !== request.outputTokens) this.otherLength += 1;
    this.promptTokens += outcome.promptTokens ?? request.promptTokens;
    this.outputTokens += outcome.outputTokens;
    if (outcome.cachedTokens !== undefined) {
      this.cachedTokens = (this.cachedTokens ?? 0) + outcome.cachedTokens;
    }
    if (instance === undefined) return;
    instance.completed += 1;
    instance.outputTokens += outcome.outputTokens;
    instance.ttftMs.add(timings.ttftMs);
  }

  #instance(id: string | undefined): InstanceTally | undefined {
    if (id === undefined) return undefined;
    const known = this.instances.get(id);
    if (known !== undefined) return known;
    const tally = { requests: 0, completed: 0, failed: 0, outputTokens: 0, ttftMs: new Samples() };
    this.instances.set(id, tally);
    return tally;
  }
}

function timingsOf(outcome: Completed, intendedAtMs: number): Timings {
  const { firstTokenAtMs, lastTokenAtMs, endAtMs, outputTokens } = outcome;
  return {
    ttftMs: firstTokenAtMs - intendedAtMs,
    tpotMs: outputTokens > 1 ? (lastTokenAtMs - firstTokenAtMs) / (outputTokens - 1) : undefined,
    e2eMs: endAtMs - intendedAtMs,
  };
}
