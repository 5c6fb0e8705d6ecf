/** What each instance's completions showed lately: latency and speed, as averages that follow slowly. */

import type {
  CompletionFacts,
  ExecutionInstance,
  LifecycleListener,
  RequestMetadata,
} from '../domain/index.ts';
import type { MeasuredFigures } from './policy-instance.ts';

/** Weight of the newest completion. */
const ALPHA = 0.1;
const NOTHING: MeasuredFigures = Object.freeze({ avgLatencyMs: 0, throughputTokensPerSecond: 0 });

type Mutable<Value> = { -readonly [Key in keyof Value]: Value[Key] };

export class InstanceFigures implements LifecycleListener {
  readonly #byId = new Map<string, Mutable<MeasuredFigures>>();
  /** Grows whenever a figure changes. */
  version = 0;

  of(instanceId: string): MeasuredFigures {
    return this.#byId.get(instanceId) ?? NOTHING;
  }

  onRequestCompleted(_request: RequestMetadata, facts: CompletionFacts, { id }: ExecutionInstance): void {
    this.version++;
    const serviceMs = facts.latencyMs - facts.queueMs;
    const speed =
      facts.outputTokens === undefined || serviceMs <= 0
        ? undefined
        : (facts.outputTokens * 1_000) / serviceMs;
    const figures = this.#byId.get(id);
    if (figures === undefined) {
      this.#byId.set(id, { avgLatencyMs: facts.latencyMs, throughputTokensPerSecond: speed ?? 0 });
      return;
    }
    figures.avgLatencyMs = follow(figures.avgLatencyMs, facts.latencyMs);
    if (speed !== undefined) {
      figures.throughputTokensPerSecond =
        figures.throughputTokensPerSecond === 0 ? speed : follow(figures.throughputTokensPerSecond, speed);
    }
  }

  onInstanceRemoved(instanceId: string): void {
    if (this.#byId.delete(instanceId)) this.version++;
  }
}

const follow = (average: number, value: number): number => average + ALPHA * (value - average);
