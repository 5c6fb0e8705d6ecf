/** What each instance's completions showed lately: latency and speed, as averages that follow slowly. */

import type {
  CompletionFacts,
  ExecutionInstance,
  LifecycleListener,
  RequestMetadata,
} from '../../domain/index.ts';
import type { MeasuredFigures } from './policy-instance.ts';

/** Weight of the newest completion. */
const ALPHA = 0.1;

interface Figures extends MeasuredFigures {
  avgLatencyMs: number;
  throughputTokensPerSecond: number;
  /** Grows with each completion. */
  version: number;
}

const NOTHING: Readonly<Figures> = Object.freeze({
  avgLatencyMs: 0,
  throughputTokensPerSecond: 0,
  version: 0,
});

export class InstanceFigures implements LifecycleListener {
  readonly #byId = new Map<string, Figures>();

  of(instanceId: string): MeasuredFigures {
    return this.#byId.get(instanceId) ?? NOTHING;
  }

  /** Another number whenever the instance's figures have changed. */
  versionOf(instanceId: string): number {
    return this.#byId.get(instanceId)?.version ?? 0;
  }

  onRequestCompleted(_request: RequestMetadata, facts: CompletionFacts, { id }: ExecutionInstance): void {
    const serviceMs = facts.latencyMs - facts.queueMs;
    const hasSpeed = facts.outputTokens !== undefined && serviceMs > 0;
    const speed = hasSpeed ? (facts.outputTokens! * 1_000) / serviceMs : undefined;
    const figures = this.#byId.get(id);
    if (figures === undefined) {
      const first = { avgLatencyMs: facts.latencyMs, throughputTokensPerSecond: speed ?? 0, version: 1 };
      this.#byId.set(id, first);
      return;
    }
    figures.version++;
    figures.avgLatencyMs = follow(figures.avgLatencyMs, facts.latencyMs);
    if (speed === undefined) return;
    const before = figures.throughputTokensPerSecond;
    figures.throughputTokensPerSecond = before === 0 ? speed : follow(before, speed);
  }

  onInstanceRemoved(instanceId: string): void {
    this.#byId.delete(instanceId);
  }
}

const follow = (average: number, value: number): number => average + ALPHA * (value - average);
