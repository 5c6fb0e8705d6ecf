/** How long a prompt takes at the least: alone, at the fastest kind of instance that serves its model. */

import type { ExecutionInstance, LatencyPredictor, RequestMetadata } from '../domain/index.ts';

/** Kinds of instances that are asked about one prompt; fleets have few. */
const MAX_KINDS = 8;

export class IdlePrefill {
  readonly #predictor: LatencyPredictor;
  readonly #instances = new Map<string, ExecutionInstance>();
  /** By model, then by kind, the ids of its instances: those of a kind take about the same time, so one is asked for all. */
  readonly #kinds = new Map<string, Map<string, Set<string>>>();

  constructor(predictor: LatencyPredictor) {
    this.#predictor = predictor;
  }

  onInstanceRegistered(instance: ExecutionInstance): void {
    this.onInstanceRemoved(instance.id);
    this.#instances.set(instance.id, instance);
    const kind = kindOf(instance);
    for (const model of namesOf(instance)) {
      const kinds = this.#kinds.get(model) ?? new Map<string, Set<string>>();
      this.#kinds.set(model, kinds);
      kinds.set(kind, (kinds.get(kind) ?? new Set()).add(instance.id));
    }
  }

  onInstanceRemoved(instanceId: string): void {
    const instance = this.#instances.get(instanceId);
    if (instance === undefined) return;
    this.#instances.delete(instanceId);
    const kind = kindOf(instance);
    for (const model of namesOf(instance)) {
      const kinds = this.#kinds.get(model)!;
      const ids = kinds.get(kind)!;
      ids.delete(instanceId);
      if (ids.size === 0) kinds.delete(kind);
      if (kinds.size === 0) this.#kinds.delete(model);
    }
  }

  /**
   * Milliseconds to the first token when `cachedTokens` of the prompt are held, a standard deviation less than foretold, since
   * whoever is called late must really be; 0 where nobody is known to serve the model.
   */
  leastMs({ model, promptTokens }: RequestMetadata, cachedTokens: number): number {
    let least = Number.POSITIVE_INFINITY;
    let asked = 0;
    for (const ids of this.#kinds.get(model)?.values() ?? []) {
      if (asked++ === MAX_KINDS) break;
      const { mean, standardDeviation } = this.#predictor.ttft({
        instanceId: ids.values().next().value!,
        model,
        uncachedTokens: Math.max(1, promptTokens - cachedTokens),
        cachedTokens,
        queuedPrefillTokens: 0,
        decodingRequests: 0,
        kvTokens: 0,
      });
      least = Math.min(least, mean - standardDeviation);
    }
    return Number.isFinite(least) ? Math.max(0, least) : 0;
  }
}

function kindOf({ engine, gpuType, gpuCount }: ExecutionInstance): string {
  return `${engine}\0${gpuType}\0${gpuCount}`;
}

function namesOf({ models, adapters }: ExecutionInstance): ReadonlySet<string> {
  return new Set([...models, ...adapters]);
}
