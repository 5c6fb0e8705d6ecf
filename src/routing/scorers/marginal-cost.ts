/** What a request costs at an instance: its own time, and the time that it takes from everybody else. */

import type { InstanceView, RequestMetadata } from '../../domain/index.ts';
import { CachedTokens, uncachedTokens } from '../figures.ts';
import { estimatedRequests } from '../instance-view.ts';
import { definePart, type RoutingContext, type Scorer } from '../plugins.ts';
import { StepTimes } from '../step-times.ts';
import { inShort, shareOfLeast } from './normalise.ts';

/**
 * cost = W + p + p′ · (β·B + γ·mean B), with W, p as in `StepTimes`, p′ the same as p on an idle instance, B the requests at the
 * instance. β tells what the prompt takes from those that are there, γ what it takes from those that will come: it grows with
 * the fleet's load, and with it the worth of a prefix that is held. Without a predictor, cost = (queued + own uncached tokens) ·
 * (B + 1), the product of LMetric (arXiv 2603.15202), which needs no time model.
 */
export const marginalCost = definePart({
  name: 'mc',
  describe: 'Marginal cost: the milliseconds the request takes there, and those it takes from the others.',
  uses: ['predictor', 'prefixes'],
  parameters: {
    beta: { type: 'number', default: 0.03, min: 0, describe: 'Weight of the requests at the instance.' },
    gamma: {
      type: 'number',
      default: 0.2,
      min: 0,
      describe: 'Weight of the mean number of requests per instance.',
    },
  },
  create: ({ beta, gamma }) => createMarginalCost(beta, gamma),
});

function createMarginalCost(beta: number, gamma: number): Scorer {
  const cached = new CachedTokens();
  const times = new StepTimes();
  let isTimed = false;

  function timed(
    request: RequestMetadata,
    views: readonly InstanceView[],
    costs: Float64Array,
    { nowMs, inputs }: RoutingContext,
  ): void {
    times.prepare(inputs.predictor!, request.model, views, nowMs);
    const held = cached.of(request, views, inputs);
    let sum = 0;
    for (let i = 0; i < views.length; i++) sum += estimatedRequests(views[i]!, nowMs);
    const meanTerm = views.length === 0 ? 0 : (gamma * sum) / views.length;
    for (let i = 0; i < views.length; i++) {
      const view = views[i]!;
      const uncached = uncachedTokens(request, held[i]!);
      const attentionMs = times.attentionMs(view, uncached, request.promptTokens - uncached);
      const tokenMs = times.tokenMs(view);
      const ownMs = uncached * tokenMs + attentionMs;
      const idleMs = uncached * times.slopeMs(view) + attentionMs;
      const others = beta * estimatedRequests(view, nowMs) + meanTerm;
      costs[i] = times.queuedMs(view, tokenMs, nowMs) + ownMs + idleMs * others;
    }
  }

  return {
    name: 'mc',
    score(request, views, scores, measures, context) {
      isTimed = context.inputs.predictor !== undefined;
      if (isTimed) timed(request, views, measures, context);
      else batchProducts(request, views, measures, cached.of(request, views, context.inputs), context.nowMs);
      shareOfLeast(measures, views.length, scores);
    },
    describe: (cost) => (isTimed ? `costs ${inShort(cost)} ms in all` : batchProductInWords(cost)),
  };
}

/** LMetric: tokens to compute before and for the request, times the batch it makes. */
export function batchProducts(
  request: RequestMetadata,
  views: readonly InstanceView[],
  products: Float64Array,
  held: Float64Array,
  nowMs: number,
): void {
  for (let i = 0; i < views.length; i++) {
    const view = views[i]!;
    const tokens = view.work.uncachedTokens + uncachedTokens(request, held[i]!);
    products[i] = tokens * (estimatedRequests(view, nowMs) + 1);
  }
}

export const batchProductInWords = (product: number): string =>
  `${inShort(product)} = tokens to compute × requests`;
