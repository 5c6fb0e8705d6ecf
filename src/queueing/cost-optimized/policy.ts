/** The cheapest instance that can do what the request needs: model, context, KV cache, deadline. In order of class, with ageing. */

import {
  type CompletionFacts,
  type ExecutionInstance,
  type GivenParameters,
  type InstanceView,
  priorityRank,
  type RequestMetadata,
  readParameters,
} from '../../domain/index.ts';
import { InstanceFigures } from '../custom/instance-figures.ts';
import { firstLeast, planInOrder, sortedBy } from '../guide/plan.ts';
import { HeapOrder } from '../heap-order.ts';
import type { PolicyInputs } from '../inputs.ts';
import type { OrderContext } from '../order.ts';
import { type Placement, PlacingOrder } from '../placing-order.ts';
import type { BuiltInPolicy, GuideFunctions } from '../policy.ts';
import { agedKey } from '../priority.ts';
import { ASSUMED_SECONDS, costUsd, guideCostUsd, outputTokens, usdPerHour } from './cost.ts';
import { canTake } from './needs.ts';
import { COST_OPTIMIZED_PARAMETERS } from './parameters.ts';
import { priceTiers } from './price-tiers.ts';

/** One instance with what the request would take and cost there. */
interface Offer {
  readonly view: InstanceView;
  readonly ttftMs: number;
  readonly totalMs: number;
  readonly usd: number;
}

export function costOptimizedPolicy(given: GivenParameters = {}, inputs: PolicyInputs = {}): BuiltInPolicy {
  const parameters = readParameters('policy "cost-optimized"', COST_OPTIMIZED_PARAMETERS, given);
  return new CostOptimizedPolicy(parameters.pricePerGpuHour, parameters.agingMs, inputs);
}

class CostOptimizedPolicy implements BuiltInPolicy {
  readonly name = 'cost-optimized';
  readonly prioritize: GuideFunctions['prioritize'];
  readonly schedule: GuideFunctions['schedule'];
  readonly #pricePerGpuHour: number;
  readonly #keyOf: (request: RequestMetadata) => number;
  readonly #inputs: PolicyInputs;
  readonly #figures = new InstanceFigures();
  readonly #tiersOf: (instances: readonly InstanceView[]) => readonly (readonly number[])[];
  #estimatedUsd = 0;
  #overBudget = 0;
  /** The last offer made, which is counted if the request goes: it is looked at again each time until then. */
  #lastOffer:
    | { readonly request: RequestMetadata; readonly usd: number; readonly isOver: boolean }
    | undefined;

  constructor(pricePerGpuHour: number, agingMs: number, inputs: PolicyInputs) {
    this.#pricePerGpuHour = pricePerGpuHour;
    this.#inputs = inputs;
    this.#keyOf = agedKey(agingMs);
    this.#tiersOf = priceTiers((instance) => usdPerHour(instance, pricePerGpuHour));
    const guide = costGuide(pricePerGpuHour);
    this.prioritize = guide.prioritize;
    this.schedule = guide.schedule;
  }

  createOrder(): PlacingOrder {
    const inner = new HeapOrder(({ request }) => this.#keyOf(request));
    return new PlacingOrder(inner, (request, context) => this.#place(request, context));
  }

  onRequestDispatched(request: RequestMetadata): void {
    const offer = this.#lastOffer;
    this.#lastOffer = undefined;
    if (offer?.request !== request) return;
    this.#estimatedUsd += offer.usd;
    if (offer.isOver) this.#overBudget++;
  }

  onRequestCompleted(request: RequestMetadata, facts: CompletionFacts, instance: ExecutionInstance): void {
    this.#figures.onRequestCompleted(request, facts, instance);
  }

  onInstanceRemoved(instanceId: string): void {
    this.#figures.onInstanceRemoved(instanceId);
  }

  getStats(): Readonly<Record<string, unknown>> {
    return { estimatedUsd: this.#estimatedUsd, overBudget: this.#overBudget };
  }

  /** The instance's id and why; nothing where no instance meets the needs, so that routing decides. */
  #place(request: RequestMetadata, { instances, nowMs }: OrderContext): Placement {
    this.#lastOffer = undefined;
    const offers = this.#offers(request, instances, nowMs);
    const inTime = offers.filter((offer) => isInTime(request, offer, nowMs));
    // Nobody can make it: then at least as fast as can be.
    const best =
      inTime.length > 0 ? firstLeast(inTime, ({ usd }) => usd) : firstLeast(offers, ({ totalMs }) => totalMs);
    if (best === undefined) return {};
    const note = inTime.length === 0 ? ', fastest: none is in time' : '';
    const isOver = best.usd > budgetOf(request);
    this.#lastOffer = { request, usd: best.usd, isOver };
    const budget = isOver ? `, over its budget of $${request.costBudgetUsd}` : '';
    const reason = `$${best.usd.toPrecision(3)} expected in ${Math.round(best.totalMs)} ms${note}${budget}`;
    return { instanceId: best.view.instance.id, reason };
  }

  /** Of each price the least loaded that can take it: within one price, load is what makes the difference. */
  #offers(request: RequestMetadata, instances: readonly InstanceView[], nowMs: number): Offer[] {
    const offers: Offer[] = [];
    for (const tier of this.#tiersOf(instances)) {
      let best: InstanceView | undefined;
      let least = Number.POSITIVE_INFINITY;
      for (const index of tier) {
        const view = instances[index]!;
        const load = view.inFlightRequests / view.windowRequests;
        if (load >= least || !canTake(view, request, nowMs)) continue;
        best = view;
        least = load;
      }
      if (best !== undefined) offers.push(this.#offer(best, request));
    }
    return offers;
  }

  #offer(view: InstanceView, request: RequestMetadata): Offer {
    const { ttftMs, totalMs } = this.#duration(view, request);
    const usd = costUsd(usdPerHour(view.instance, this.#pricePerGpuHour), totalMs / 1_000);
    return { view, ttftMs, totalMs, usd };
  }

  #duration(view: InstanceView, request: RequestMetadata): Pick<Offer, 'ttftMs' | 'totalMs'> {
    const { predictor, prefixes } = this.#inputs;
    const { id } = view.instance;
    if (predictor !== undefined) {
      const cachedTokens = Math.min(request.promptTokens, prefixes?.cachedTokens(request, id) ?? 0);
      const facts = {
        instanceId: id,
        model: request.model,
        uncachedTokens: request.promptTokens - cachedTokens,
        cachedTokens,
        queuedPrefillTokens: view.work.uncachedTokens,
        queuedPrefillPairs: view.work.pairs,
        decodingRequests: view.work.decodingRequests,
        kvTokens: view.work.decodingKvTokens,
      };
      const ttftMs = predictor.ttft(facts).mean;
      const tokens = Math.min(
        predictor.expectedOutputTokens(request),
        request.maxTokens ?? Number.POSITIVE_INFINITY,
      );
      return { ttftMs, totalMs: ttftMs + predictor.tpot(facts).mean * Math.max(0, tokens - 1) };
    }
    const speed = this.#figures.of(id).throughputTokensPerSecond;
    const totalMs = 1_000 * (speed > 0 ? outputTokens(request) / speed : ASSUMED_SECONDS);
    return { ttftMs: 0, totalMs };
  }
}

function isInTime(request: RequestMetadata, { ttftMs, totalMs }: Offer, nowMs: number): boolean {
  const { arrivalMs, deadlineMs, ttftSloMs } = request;
  if (deadlineMs !== undefined && nowMs + totalMs > deadlineMs) return false;
  return ttftSloMs === undefined || nowMs + ttftMs <= arrivalMs + ttftSloMs;
}

/** A budget of 0 is none. */
const budgetOf = ({ costBudgetUsd }: RequestMetadata): number => costBudgetUsd || Number.POSITIVE_INFINITY;

/** The guide's: by class, then the tightest budget; the instance by cost alone. */
export function costGuide(pricePerGpuHour: number): GuideFunctions {
  const costOf = guideCostUsd;
  const guide: GuideFunctions = {
    prioritize: (requests) => sortedBy(requests, ({ priority }) => priorityRank(priority), budgetOf),
    schedule: (requests, instances, context) =>
      planInOrder(guide.prioritize(requests, context), instances, {
        choose: (request, candidates) =>
          firstLeast(candidates, (instance) => costOf(request, instance, pricePerGpuHour)),
        describe: (request, chosen) => {
          const estimatedCostUsd = costOf(request, chosen, pricePerGpuHour);
          return { estimatedCostUsd, reason: `cheapest: $${estimatedCostUsd.toFixed(4)}` };
        },
      }),
  };
  return guide;
}
