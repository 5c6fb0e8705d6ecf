/** Fewer requests at the instance, per unit of its weight, are better. */

import { estimatedRequests } from '../instance-view.ts';
import type { Scorer } from '../plugins.ts';

/**
 * measure = (own requests in flight + others' as reported) / weight; score = (max − measure) / (max − min), and 1 where all
 * are equal. Own dispatches count from the moment they are made, so a burst between two reports does not herd.
 */
export const loadScorer: Scorer = {
  name: 'load',
  score(_request, views, scores, measures, { nowMs }) {
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < views.length; i++) {
      const view = views[i]!;
      const load = estimatedRequests(view, nowMs) / view.instance.weight;
      measures[i] = load;
      if (load < min) min = load;
      if (load > max) max = load;
    }
    const span = max - min;
    for (let i = 0; i < views.length; i++) scores[i] = span > 0 ? (max - measures[i]!) / span : 1;
  },
  describe: (load) => `${Number(load.toFixed(2))} requests per unit of weight`,
};
