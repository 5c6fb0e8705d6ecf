/** The more of the prompt an instance holds, the better. */

import { definePart, type Scorer } from '../plugins.ts';
import { inShort } from './normalise.ts';

/** score = m · min(1, held / 8192)² + (1 − m) · held / prompt tokens, m = 0 unless given (llm-d's prefix scorer). */
export const prefix = definePart({
  name: 'prefix',
  describe: 'The more of the prompt is in the prefix cache of an instance, the better.',
  needs: ['prefixes'],
  parameters: {
    absoluteShare: {
      type: 'number',
      default: 0,
      min: 0,
      max: 1,
      describe: 'm: how much the number of tokens held counts, instead of their share of the prompt.',
    },
    absoluteTokens: { type: 'number', default: 8_192, min: 1, describe: 'Tokens held that are worth 1.' },
  },
  create: ({ absoluteShare, absoluteTokens }): Scorer => ({
    name: 'prefix',
    score(request, views, scores, measures, { inputs }) {
      inputs.prefixes!.cachedTokensOfAll(request, views, measures);
      const promptTokens = Math.max(1, request.promptTokens);
      for (let i = 0; i < views.length; i++) {
        const held = measures[i]!;
        const share = Math.min(1, held / promptTokens);
        scores[i] = absoluteShare * Math.min(1, held / absoluteTokens) ** 2 + (1 - absoluteShare) * share;
      }
    },
    describe: (tokens) => `holds ${inShort(tokens)} tokens of the prompt`,
  }),
});
