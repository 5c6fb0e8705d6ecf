/** The guide's production policy: class, urgency, load and topology together; instances beyond a load get nothing. */

import {
  type CompletionFacts,
  type GivenParameters,
  type InstanceView,
  type RequestMetadata,
  readParameters,
} from '../../domain/index.ts';
import type { PlannedDecision, PolicyContext } from '../custom/custom-policy.ts';
import { canAccept, type PolicyInstance } from '../custom/policy-instance.ts';
import { firstLeast, planInOrder } from '../guide/plan.ts';
import type { OrderContext } from '../order.ts';
import { type Placement, PlacingOrder } from '../placing-order.ts';
import type { BuiltInPolicy } from '../policy.ts';
import { sloDueMs } from '../slack.ts';
import { SlackOrders } from '../slack-order.ts';

import { PRODUCTION_PARAMETERS, type ProductionParameters } from './parameters.ts';
import { crossingMs, POINTS, productionScore } from './score.ts';

/** How long a request without an SLO is taken to be allowed. */
const NO_SLO_MS = 60_000;
/** Latencies remembered of each model: the guide's. */
const REMEMBERED = 1_000;

export function productionPolicy(given: GivenParameters = {}): ProductionPolicy {
  return new ProductionPolicy(readParameters('policy "production"', PRODUCTION_PARAMETERS, given));
}

export class ProductionPolicy implements BuiltInPolicy {
  readonly name = 'production';
  readonly #parameters: ProductionParameters;
  readonly #orders: SlackOrders;
  readonly #latenciesByModel = new Map<string, number[]>();

  constructor(parameters: ProductionParameters) {
    this.#parameters = parameters;
    this.#orders = new SlackOrders({
      lateShare: parameters.lateShare,
      dueOf: (request) => this.#dueOf(request),
    });
  }

  createOrder(): PlacingOrder {
    return new PlacingOrder(this.#orders.create(), (request, context) => this.#place(request, context));
  }

  onRequestDispatched(request: RequestMetadata): void {
    this.#orders.dispatched(request);
  }

  onRequestCompleted({ model }: RequestMetadata, { latencyMs }: CompletionFacts): void {
    const latencies = this.#latenciesByModel.get(model) ?? [];
    this.#latenciesByModel.set(model, latencies);
    latencies.push(latencyMs);
    if (latencies.length > REMEMBERED) latencies.shift();
  }

  getStats(): Readonly<Record<string, unknown>> {
    const mean = (values: readonly number[]): number =>
      values.reduce((sum, ms) => sum + ms, 0) / values.length;
    return {
      totalDecisions: this.#orders.dispatchedCount,
      dispatchedLate: this.#orders.dispatchedLateCount,
      avgLatencyByModel: Object.fromEntries(
        Array.from(this.#latenciesByModel, ([model, latencies]) => [model, mean(latencies)]),
      ),
    };
  }

  /** Each request's score by the guide; those that no healthy instance serves have none. */
  scores(
    requests: readonly RequestMetadata[],
    instances: readonly PolicyInstance[],
    { nowMs }: PolicyContext,
  ): Map<RequestMetadata, number> {
    const healthy = this.healthy(instances);
    const scores = new Map<RequestMetadata, number>();
    for (const request of requests) {
      const compatible = healthy.filter(({ models }) => models.includes(request.model));
      if (compatible.length === 0) continue;
      scores.set(request, productionScore(request, compatible, this.#parameters, nowMs));
    }
    return scores;
  }

  healthy(instances: readonly PolicyInstance[]): PolicyInstance[] {
    const { maxLoad } = this.#parameters;
    return instances.filter(
      ({ isAvailable, currentLoad, maxConcurrency }) =>
        isAvailable && currentLoad / maxConcurrency <= maxLoad,
    );
  }

  /** The guide's: the highest score, the first of equals. */
  nextRequest(
    pending: readonly RequestMetadata[],
    instances: readonly PolicyInstance[],
    context: PolicyContext,
  ): RequestMetadata | undefined {
    const scores = this.scores(pending, instances, context);
    return firstLeast([...scores.keys()], (request) => -scores.get(request)!);
  }

  /** Without instances, what is known of load and topology is the same for all. */
  prioritize(requests: readonly RequestMetadata[], { nowMs }: PolicyContext): readonly RequestMetadata[] {
    const nothing = { currentLoad: 0 } as PolicyInstance;
    const scoreOf = (request: RequestMetadata): number =>
      productionScore(request, [nothing], this.#parameters, nowMs);
    return [...requests].sort((a, b) => scoreOf(b) - scoreOf(a));
  }

  schedule(
    requests: readonly RequestMetadata[],
    instances: readonly PolicyInstance[],
    context: PolicyContext,
  ): readonly PlannedDecision[] {
    return planInOrder(this.prioritize(requests, context), this.healthy(instances), {
      choose: (_request, candidates) =>
        firstLeast(candidates, ({ load, machine }) => this.#rate(load, machine)),
      describe: (request) => ({ reason: `class ${request.priority}, urgency, load and topology together` }),
    });
  }

  #dueOf(request: RequestMetadata) {
    const dueMs = sloDueMs(request);
    const allowedMs = dueMs === undefined ? NO_SLO_MS : dueMs - request.arrivalMs;
    const crossing = crossingMs(request, this.#parameters.sloWeight, allowedMs);
    return { key: crossing, lateAfterMs: dueMs ?? Number.POSITIVE_INFINITY };
  }

  /**
   * The emptiest instance below the load threshold, the preferred machine's first; nobody goes while there is none. The guide's
   * policy knows no roles: which of prefill and decode instances fits a request is for routing to say.
   */
  #place({ failedInstances }: RequestMetadata, { instances, nowMs }: OrderContext): Placement | undefined {
    const { maxLoad } = this.#parameters;
    const isSplit = instances.every(({ instance }) => instance.role !== 'both');
    let best: InstanceView | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const view of instances) {
      const { id, role, labels } = view.instance;
      if (role !== 'both' && !isSplit) continue;
      const load = view.inFlightRequests / view.windowRequests;
      if (load > maxLoad || !canAccept(view, nowMs) || failedInstances.includes(id)) continue;
      const rating = this.#rate(load, labels.machine);
      if (rating >= least) continue;
      best = view;
      least = rating;
    }
    if (best === undefined) return undefined;
    return isSplit ? {} : { instanceId: best.instance.id };
  }

  #rate(load: number, machine: string | undefined): number {
    const { loadWeight, topologyWeight, preferredMachine } = this.#parameters;
    const isPreferred = preferredMachine !== '' && machine === preferredMachine;
    return loadWeight * POINTS.load * load - (isPreferred ? topologyWeight * POINTS.topology : 0);
  }
}
