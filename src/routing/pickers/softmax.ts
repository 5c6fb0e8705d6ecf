/** Each with a chance that grows exponentially with its total: exploration that prefers what is better. */

import { definePart, type Picker } from '../plugins.ts';

/** chance of i = exp(totalᵢ / T) / Σ exp(totalⱼ / T). */
export const softmax = definePart({
  name: 'softmax',
  describe: 'Each with a chance in proportion to exp(total / temperature).',
  parameters: {
    temperature: {
      type: 'number',
      default: 0.1,
      min: 0.001,
      describe: 'The lower, the more often the best is picked; the higher, the more evenly.',
    },
  },
  create: ({ temperature }): Picker => ({
    name: 'softmax',
    pick(views, totals, { random }) {
      let max = Number.NEGATIVE_INFINITY;
      for (let i = 0; i < views.length; i++) if (totals[i]! > max) max = totals[i]!;
      let sum = 0;
      for (let i = 0; i < views.length; i++) sum += Math.exp((totals[i]! - max) / temperature);
      let left = random.next() * sum;
      for (let i = 0; i < views.length - 1; i++) {
        left -= Math.exp((totals[i]! - max) / temperature);
        if (left < 0) return i;
      }
      return views.length - 1;
    },
  }),
});
