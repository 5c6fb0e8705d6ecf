/** LMetric: uncached tokens to compute × batch size (arXiv 2603.15202, Shanghai Jiao Tong University and Alibaba). */

import { CachedTokens } from '../figures.ts';
import { definePart, type Scorer } from '../plugins.ts';
import { batchProductInWords, batchProducts } from './marginal-cost.ts';
import { shareOfLeast } from './normalise.ts';

/** The product has no weights, because they would cancel in comparisons. */
export const lmetric = definePart({
  name: 'lmetric',
  describe: 'Uncached tokens queued and own, times requests there and one more: the least product is best.',
  uses: ['prefixes'],
  parameters: {},
  create(): Scorer {
    const cached = new CachedTokens();
    return {
      name: 'lmetric',
      score(request, views, scores, measures, { nowMs, inputs }) {
        batchProducts(request, views, measures, cached.of(request, views, inputs), nowMs);
        shareOfLeast(measures, views.length, scores);
      },
      describe: batchProductInWords,
    };
  },
});
