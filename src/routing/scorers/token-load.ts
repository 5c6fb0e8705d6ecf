/** Fewer prompt tokens in flight are better. */

import { definePart, type Scorer } from '../plugins.ts';
import { inShort } from './normalise.ts';

/** score = 1 − min(1, tokens / limit), the tokens those of our own requests in flight (llm-d's token-load). */
export const tokenLoad = definePart({
  name: 'token-load',
  describe: 'Fewer prompt tokens of our requests in flight are better.',
  parameters: {
    limit: { type: 'number', default: 4_194_304, min: 1, describe: 'Tokens at which the score is 0.' },
  },
  create: ({ limit }): Scorer => ({
    name: 'token-load',
    score(_request, views, scores, measures) {
      for (let i = 0; i < views.length; i++) {
        const tokens = views[i]!.work.kvTokens;
        measures[i] = tokens;
        scores[i] = 1 - Math.min(1, tokens / limit);
      }
    },
    describe: (tokens) => `${inShort(tokens)} prompt tokens in flight`,
  }),
});
