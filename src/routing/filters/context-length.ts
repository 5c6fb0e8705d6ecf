/** Keeps instances whose context holds the request; all, where none does, so that an engine says what is wrong with it. */

import { definePart, type Filter } from '../plugins.ts';
import { dropUnlessAll } from './at-least-one.ts';

export const contextLength = definePart({
  name: 'context-length',
  describe: 'Keeps instances whose context holds prompt and answer; all, where none does.',
  parameters: {
    estimateShare: {
      type: 'number',
      default: 0.8,
      min: 0,
      max: 1,
      describe: 'How much of a prompt length counts that is only estimated.',
    },
  },
  create: ({ estimateShare }): Filter => ({
    name: 'context-length',
    apply(request, views, dropped, mark) {
      const { promptTokens, promptTokensEstimated, maxTokens = 0 } = request;
      const needed = promptTokens * (promptTokensEstimated ? estimateShare : 1) + maxTokens;
      const fits = (i: number): boolean =>
        needed <= (views[i]!.instance.maxContextTokens ?? Number.POSITIVE_INFINITY);
      dropUnlessAll(fits, views.length, dropped, mark);
    },
  }),
});
