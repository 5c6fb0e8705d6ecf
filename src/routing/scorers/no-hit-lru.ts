/** A prompt that nobody holds goes where the last dispatch is longest ago, so that new prefixes spread over the fleet. */

import { CachedTokens } from '../figures.ts';
import { definePart, type Scorer } from '../plugins.ts';

/**
 * score = 1/2 for all where some instance holds a part of the prompt; else (newest − order) / (newest − oldest) of the last
 * dispatches. llm-d's no-hit-lru ranks by the last cold prompt only; ours by any dispatch, which also spares instances that are
 * busy with warm ones.
 */
export const noHitLru = definePart({
  name: 'no-hit-lru',
  describe: 'A prompt that nobody holds goes to the instance whose last dispatch is longest ago.',
  needs: ['prefixes'],
  parameters: {},
  create(): Scorer {
    const cached = new CachedTokens();
    return {
      name: 'no-hit-lru',
      score(request, views, scores, measures, { inputs }) {
        const held = cached.of(request, views, inputs);
        let isWarm = false;
        let oldest = Number.POSITIVE_INFINITY;
        let newest = Number.NEGATIVE_INFINITY;
        for (let i = 0; i < views.length; i++) {
          const order = views[i]!.lastDispatchOrder;
          if (held[i]! > 0) isWarm = true;
          if (order < oldest) oldest = order;
          if (order > newest) newest = order;
        }
        for (let i = 0; i < views.length; i++) {
          const order = views[i]!.lastDispatchOrder;
          measures[i] = isWarm ? -1 : newest - order;
          if (isWarm) scores[i] = 0.5;
          else scores[i] = newest > oldest ? (newest - order) / (newest - oldest) : 1;
        }
      },
      describe: (ago) =>
        ago < 0 ? 'somebody holds a part of the prompt' : `${ago} dispatches since its last one`,
    };
  },
});
