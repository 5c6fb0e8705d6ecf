/** vLLM production stack's prefix-aware routing: any of those that hold the most of the prompt, however busy they are. */

import { definePart, type Scorer } from '../../plugins.ts';
import { inShort, spreadLeastFirst } from '../normalise.ts';

/**
 * The longest match gets 1, all others 0; where it is shorter than `minMatchTokens`, the fewest requests in flight win. After
 * vllm-project/production-stack, src/vllm_router/routers/routing_logic.py. Its trie never forgets and its fallback is the least
 * requests per second; ours forgets with the KV cache, and counts what is in flight.
 */
export const vllmPrefix = definePart({
  name: 'vllm-prefix',
  describe: "The production stack's rule: the longest match whatever the load, else the fewest requests.",
  needs: ['prefixes'],
  parameters: {
    minMatchTokens: { type: 'number', default: 1, min: 1, describe: 'Tokens from which a match decides.' },
  },
  create: ({ minMatchTokens }): Scorer => ({
    name: 'vllm-prefix',
    score(request, views, scores, measures, { inputs }) {
      inputs.prefixes!.cachedTokensOfAll(request, views, measures);
      let most = 0;
      for (let i = 0; i < views.length; i++) if (measures[i]! > most) most = measures[i]!;
      if (most >= minMatchTokens) {
        for (let i = 0; i < views.length; i++) scores[i] = measures[i] === most ? 1 : 0;
        return;
      }
      for (let i = 0; i < views.length; i++) measures[i] = views[i]!.inFlightRequests;
      spreadLeastFirst(measures, views.length, scores);
      for (let i = 0; i < views.length; i++) measures[i] = -1 - measures[i]!;
    },
    describe: (measure) =>
      measure < 0
        ? `no match: ${-1 - measure} requests in flight`
        : `holds ${inShort(measure)} tokens of the prompt`,
  }),
});
