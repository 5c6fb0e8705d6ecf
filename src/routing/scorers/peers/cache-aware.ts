/** SGLang's cache-aware routing: the best match while the load is even, the shortest queue while it is not. */

import { CachedTokens } from '../../figures.ts';
import { definePart, type Scorer } from '../../plugins.ts';
import { inShort, spreadLeastFirst } from '../normalise.ts';

/** Added to tokens in a smallest tree, and 1 subtracted from minus the requests, so that a measure tells which rule gave it. */
const TREE = 1e12;

/**
 * If max B − min B > absolute and max B > relative · min B: the fewest requests. Else if the best match is above `threshold` of the
 * prompt: the best match. Else: the instance that holds the fewest tokens, which has the most room. After sgl-project/sglang
 * sgl-model-gateway, with its command line's defaults; its trees are of text and evict by time, ours are the prefix index.
 */
export const cacheAware = definePart({
  name: 'sglang-cache-aware',
  describe: "SGLang's rule: the fewest requests when uneven, else the best match, else the smallest cache.",
  needs: ['prefixes'],
  parameters: {
    threshold: {
      type: 'number',
      default: 0.3,
      min: 0,
      max: 1,
      describe: 'Share of the prompt above which a match decides.',
    },
    absolute: { type: 'number', default: 64, min: 0, describe: 'Requests apart that count as uneven.' },
    relative: { type: 'number', default: 1.5, min: 1, describe: 'Times the least that count as uneven.' },
  },
  create({ threshold, absolute, relative }): Scorer {
    const cached = new CachedTokens();
    return {
      name: 'sglang-cache-aware',
      score(request, views, scores, measures, { inputs }) {
        let min = Number.POSITIVE_INFINITY;
        let max = 0;
        for (let i = 0; i < views.length; i++) {
          const requests = views[i]!.inFlightRequests;
          if (requests < min) min = requests;
          if (requests > max) max = requests;
        }
        if (max - min > absolute && max > relative * min) {
          for (let i = 0; i < views.length; i++) measures[i] = views[i]!.inFlightRequests;
          spreadLeastFirst(measures, views.length, scores);
          for (let i = 0; i < views.length; i++) measures[i] = -1 - measures[i]!;
          return;
        }
        const held = cached.of(request, views, inputs);
        let most = 0;
        for (let i = 0; i < views.length; i++) if (held[i]! > most) most = held[i]!;
        if (most > threshold * request.promptTokens) {
          for (let i = 0; i < views.length; i++) {
            measures[i] = held[i]!;
            scores[i] = held[i]! / most;
          }
          return;
        }
        inputs.prefixes!.heldTokensOfAll(views, measures);
        spreadLeastFirst(measures, views.length, scores);
        for (let i = 0; i < views.length; i++) measures[i]! += TREE;
      },
      describe(measure) {
        if (measure < 0) return `uneven load: ${-1 - measure} requests`;
        return measure >= TREE
          ? `no match to speak of: holds ${inShort(measure - TREE)} tokens in all`
          : `holds ${inShort(measure)} tokens of the prompt`;
      },
    };
  },
});
