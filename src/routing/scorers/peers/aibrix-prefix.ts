/** AIBrix's prefix-cache routing: the best match among instances that are not much busier than the mean. */

import { CachedTokens } from '../../figures.ts';
import { definePart, type Scorer } from '../../plugins.ts';
import { inShort, spreadLeastFirst } from '../normalise.ts';

/**
 * If max B − min B > `imbalance`: the fewest requests. Else, in the order of the share held (most first, then fewest requests), the
 * first with B ≤ mean + deviations · σ; else the fewest requests. After vllm-project/aibrix
 * pkg/plugins/gateway/algorithms/prefix_cache.go, whose readme gives other defaults than its code (16 and 2); these are the code's.
 * An instance without a match is not taken for one, as there.
 */
export const aibrixPrefix = definePart({
  name: 'aibrix-prefix',
  describe: "AIBrix's rule: the best match that is not much busier than the mean, else the fewest requests.",
  needs: ['prefixes'],
  parameters: {
    imbalance: { type: 'number', default: 8, min: 0, describe: 'Requests apart that count as uneven.' },
    deviations: {
      type: 'number',
      default: 1,
      min: 0,
      describe: 'Standard deviations above the mean that a match may have.',
    },
  },
  create({ imbalance, deviations }): Scorer {
    const cached = new CachedTokens();
    return {
      name: 'aibrix-prefix',
      score(request, views, scores, measures, { inputs }) {
        let min = Number.POSITIVE_INFINITY;
        let max = 0;
        let sum = 0;
        let squares = 0;
        for (let i = 0; i < views.length; i++) {
          const requests = views[i]!.inFlightRequests;
          if (requests < min) min = requests;
          if (requests > max) max = requests;
          sum += requests;
          squares += requests * requests;
          measures[i] = requests;
        }
        // The fewest requests is what is left when no match is allowed; a match that is allowed then comes before all.
        spreadLeastFirst(measures, views.length, scores);
        for (let i = 0; i < views.length; i++) {
          measures[i] = -1 - measures[i]!;
          scores[i]! /= 2;
        }
        if (max - min > imbalance) return;
        const mean = sum / views.length;
        const limit = mean + deviations * Math.sqrt(Math.max(0, squares / views.length - mean * mean));
        const held = cached.of(request, views, inputs);
        for (let i = 0; i < views.length; i++) {
          if (held[i]! === 0 || views[i]!.inFlightRequests > limit) continue;
          const share = Math.min(1, held[i]! / Math.max(1, request.promptTokens));
          // By share first; requests decide only between shares that are the same.
          scores[i] = 0.5 + 0.499 * share + 0.001 / (1 + views[i]!.inFlightRequests);
          measures[i] = held[i]!;
        }
      },
      describe: (measure) =>
        measure < 0
          ? `no match to follow: ${-1 - measure} requests in flight`
          : `holds ${inShort(measure)} tokens of the prompt, and is not too busy`,
    };
  },
});
