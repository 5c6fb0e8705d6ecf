/** The less of its KV cache an instance uses, the better. */

import { definePart, type Scorer } from '../plugins.ts';
import { inShort } from './normalise.ts';

/** score = 1 − usage, as reported (llm-d's kv-cache-utilization). */
export const kvUsage = definePart({
  name: 'kv-usage',
  describe: 'The less of its KV cache an instance uses, the better.',
  parameters: {
    unknown: {
      type: 'number',
      default: 0.5,
      min: 0,
      max: 1,
      describe: 'Usage of an instance that does not report any.',
    },
  },
  create: ({ unknown }): Scorer => ({
    name: 'kv-usage',
    score(_request, views, scores, measures) {
      for (let i = 0; i < views.length; i++) {
        const usage = views[i]!.report?.kvCacheUsage ?? unknown;
        measures[i] = usage;
        scores[i] = Math.min(1, Math.max(0, 1 - usage));
      }
    },
    describe: (usage) => `uses ${inShort(100 * usage)} % of its KV cache`,
  }),
});
