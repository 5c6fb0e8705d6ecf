/** Goes by priority, SLO or cost, whichever fits the load and who waits, and does not flap between them. */

import {
  type CompletionFacts,
  type ExecutionInstance,
  type GivenParameters,
  priorityRank,
  type RequestMetadata,
  readParameters,
} from '../../domain/index.ts';
import { costOptimizedPolicy } from '../cost-optimized/policy.ts';
import type { PlannedDecision, PolicyContext } from '../custom/custom-policy.ts';
import type { PolicyInstance } from '../custom/policy-instance.ts';
import type { PolicyInputs } from '../inputs.ts';
import type { BuiltInPolicy } from '../policy.ts';
import { priorityPolicy } from '../priority.ts';
import { sloDueMs } from '../slack.ts';
import { sloAwarePolicy } from '../slo-aware.ts';
import { ADAPTIVE_WAYS, type AdaptiveChoice, type AdaptiveWay, choose } from './choice.ts';
import { AdaptiveOrder } from './lane-order.ts';
import { ADAPTIVE_PARAMETERS, type AdaptiveParameters } from './parameters.ts';

export function adaptivePolicy(given: GivenParameters = {}, inputs: PolicyInputs = {}): AdaptivePolicy {
  return new AdaptivePolicy(readParameters('policy "adaptive"', ADAPTIVE_PARAMETERS, given), inputs);
}

export class AdaptivePolicy implements BuiltInPolicy {
  readonly name = 'adaptive';
  readonly #parameters: AdaptiveParameters;
  readonly #inputs: PolicyInputs;
  readonly #ways: Readonly<Record<AdaptiveWay, BuiltInPolicy>>;
  readonly #switchesTo: Record<AdaptiveWay, number> = { priority: 0, 'slo-aware': 0, 'cost-optimized': 0 };

  constructor(parameters: AdaptiveParameters, inputs: PolicyInputs) {
    this.#parameters = parameters;
    this.#inputs = inputs;
    const { pricePerGpuHour } = parameters;
    this.#ways = {
      priority: priorityPolicy(),
      'slo-aware': sloAwarePolicy(),
      'cost-optimized': costOptimizedPolicy({ pricePerGpuHour }, inputs),
    };
  }

  createOrder(): AdaptiveOrder {
    return new AdaptiveOrder({
      parameters: this.#parameters,
      orders: {
        priority: this.#ways.priority.createOrder(),
        'slo-aware': this.#ways['slo-aware'].createOrder(),
        'cost-optimized': this.#ways['cost-optimized'].createOrder(),
      },
      switched: (from, choice, nowMs) => this.#switched(from, choice, nowMs),
    });
  }

  onRequestDispatched(request: RequestMetadata, instance: ExecutionInstance, nowMs: number): void {
    for (const way of ADAPTIVE_WAYS) this.#ways[way].onRequestDispatched?.(request, instance, nowMs);
  }

  onRequestCompleted(
    request: RequestMetadata,
    facts: CompletionFacts,
    instance: ExecutionInstance,
    nowMs: number,
  ): void {
    for (const way of ADAPTIVE_WAYS) this.#ways[way].onRequestCompleted?.(request, facts, instance, nowMs);
  }

  onInstanceRemoved(instanceId: string): void {
    for (const way of ADAPTIVE_WAYS) this.#ways[way].onInstanceRemoved?.(instanceId);
  }

  getStats(): Readonly<Record<string, unknown>> {
    const switches = Object.values(this.#switchesTo).reduce((sum, count) => sum + count, 0);
    const ways = ADAPTIVE_WAYS.map((way) => [way, this.#ways[way].getStats?.() ?? {}]);
    return { switches, switchesTo: { ...this.#switchesTo }, ways: Object.fromEntries(ways) };
  }

  /** The guide's choice for these lists: memoryless, by the mean load of all the instances given. */
  choose(requests: readonly RequestMetadata[], instances: readonly PolicyInstance[]): AdaptiveChoice {
    const load = instances.reduce((sum, instance) => sum + instance.load, 0) / Math.max(1, instances.length);
    const highPriority = requests.filter(
      ({ priority }) => priorityRank(priority) <= priorityRank('HIGH'),
    ).length;
    const withSlo = requests.filter((request) => sloDueMs(request) !== undefined).length;
    return choose({ waiting: requests.length, highPriority, withSlo, load }, this.#parameters);
  }

  prioritize(requests: readonly RequestMetadata[], context: PolicyContext): readonly RequestMetadata[] {
    return this.#ways.priority.prioritize(requests, context);
  }

  schedule(
    requests: readonly RequestMetadata[],
    instances: readonly PolicyInstance[],
    context: PolicyContext,
  ): readonly PlannedDecision[] {
    const { way, reason } = this.choose(requests, instances);
    const decisions = this.#ways[way].schedule(requests, instances, context);
    return decisions.map((decision) => ({ ...decision, metadata: { way, reason } }));
  }

  #switched(from: AdaptiveWay, { way, reason }: AdaptiveChoice, atMs: number): void {
    this.#switchesTo[way]++;
    this.#inputs.onSwitch?.({ policy: this.name, from, to: way, reason, atMs });
  }
}
