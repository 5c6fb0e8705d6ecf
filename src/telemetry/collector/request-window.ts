/** The figures of one group of requests: those of an instance, a model, a tenant, a priority, or all. */

import type { RequestFigures } from '../../domain/index.ts';
import { SlidingWindow, type WindowOptions } from './sliding-window.ts';

const SUMS = [
  'completed',
  'failed',
  'outputTokens',
  'latencyMs',
  'queueWaitMs',
  'sloRequests',
  'sloViolations',
  'predictions',
  'predictionErrorMs',
  'predictionErrorRatio',
] as const;
type Sum = (typeof SUMS)[number];

const LATENCY = 0;
const QUEUE_WAIT = 1;
const SHARES = [0.5, 0.95, 0.99] as const;

export interface CompletedRequest {
  readonly latencyMs: number;
  readonly queueWaitMs: number;
  readonly outputTokens: number;
}

export class RequestWindow {
  readonly #window: SlidingWindow;

  constructor(options: WindowOptions) {
    this.#window = new SlidingWindow(options, { sums: SUMS.length, maxima: 0, sketches: 2 });
  }

  completed({ latencyMs, queueWaitMs, outputTokens }: CompletedRequest, nowMs: number): void {
    this.#add('completed', 1, nowMs);
    this.#add('outputTokens', outputTokens, nowMs);
    this.#add('latencyMs', latencyMs, nowMs);
    this.#add('queueWaitMs', queueWaitMs, nowMs);
    this.#window.observe(LATENCY, latencyMs, nowMs);
    this.#window.observe(QUEUE_WAIT, queueWaitMs, nowMs);
  }

  failed(nowMs: number): void {
    this.#add('failed', 1, nowMs);
  }

  slo(wasMet: boolean, nowMs: number): void {
    this.#add('sloRequests', 1, nowMs);
    if (!wasMet) this.#add('sloViolations', 1, nowMs);
  }

  predicted(errorMs: number, actualMs: number, nowMs: number): void {
    this.#add('predictions', 1, nowMs);
    this.#add('predictionErrorMs', errorMs, nowMs);
    this.#add('predictionErrorRatio', actualMs > 0 ? errorMs / actualMs : 0, nowMs);
  }

  figures(nowMs: number): RequestFigures {
    const sums = Object.fromEntries(
      SUMS.map((name, index) => [name, this.#window.sum(index, nowMs)]),
    ) as Record<Sum, number>;
    const [p50LatencyMs = 0, p95LatencyMs = 0, p99LatencyMs = 0] = this.#quantiles(LATENCY, nowMs);
    const [p50QueueWaitMs = 0, p95QueueWaitMs = 0, p99QueueWaitMs = 0] = this.#quantiles(QUEUE_WAIT, nowMs);
    const { completed, failed, sloRequests, sloViolations, predictions } = sums;
    const seconds = this.#window.coveredMs(nowMs) / 1000;
    return Object.freeze({
      totalRequests: completed + failed,
      completedRequests: completed,
      failedRequests: failed,
      errorRate: share(failed, completed + failed),
      throughputRps: share(completed, seconds),
      throughputTokensPerSecond: share(sums.outputTokens, seconds),
      avgLatencyMs: share(sums.latencyMs, completed),
      p50LatencyMs,
      p95LatencyMs,
      p99LatencyMs,
      avgQueueWaitMs: share(sums.queueWaitMs, completed),
      p50QueueWaitMs,
      p95QueueWaitMs,
      p99QueueWaitMs,
      sloRequests,
      sloViolations,
      sloCompliance: sloRequests === 0 ? 1 : (sloRequests - sloViolations) / sloRequests,
      avgPredictionErrorMs: share(sums.predictionErrorMs, predictions),
      predictionErrorRatio: share(sums.predictionErrorRatio, predictions),
    });
  }

  #add(name: Sum, amount: number, nowMs: number): void {
    this.#window.addTo(INDEX[name], amount, nowMs);
  }

  #quantiles(sketch: number, nowMs: number): number[] {
    return this.#window.quantiles(sketch, SHARES, nowMs);
  }
}

const INDEX = Object.fromEntries(SUMS.map((name, index) => [name, index])) as Record<Sum, number>;

/** 0 where there is nothing to divide by. */
function share(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
