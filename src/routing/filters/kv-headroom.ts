/** Keeps instances with room in their KV cache for the prompt and the answer; all, where none has. */

import type { InstanceView } from '../../domain/index.ts';
import { definePart, type Filter } from '../plugins.ts';
import { dropUnlessAll } from './at-least-one.ts';

/**
 * Keeps i where (prompt − held there) + output ≤ (1 − reserve) · cache − in use. In use is the larger of what the engine reports
 * (which counts what may be evicted as free) and our own requests' prompts. Output is max_tokens or what the predictor expects, the
 * less of both, else `outputTokens`. An instance that does not report its cache's size is kept.
 */
export const kvHeadroom = definePart({
  name: 'kv-headroom',
  describe: 'Keeps instances with room in their KV cache for prompt and answer; all, where none has.',
  uses: ['prefixes', 'predictor'],
  parameters: {
    reserve: { type: 'number', default: 0.05, min: 0, max: 1, describe: 'Share of the cache kept free.' },
    outputTokens: {
      type: 'number',
      default: 256,
      min: 0,
      describe: 'Length of an answer about which nothing is known.',
    },
  },
  create: ({ reserve, outputTokens }): Filter => ({
    name: 'kv-headroom',
    isTransient: true,
    apply(request, views, dropped, mark, { inputs }) {
      const { promptTokens, maxTokens = Number.POSITIVE_INFINITY } = request;
      let needed = promptTokens + maxTokens;
      let isExpected = false;
      // Predictor and index are asked only where they could make the difference.
      const fits = (i: number): boolean => {
        const view = views[i]!;
        const free = freeTokens(view, reserve);
        if (needed <= free) return true;
        if (!isExpected) {
          const expected = inputs.predictor?.expectedOutputTokens(request) ?? Number.POSITIVE_INFINITY;
          const known = Math.min(maxTokens, expected);
          needed = promptTokens + (Number.isFinite(known) ? known : outputTokens);
          isExpected = true;
          if (needed <= free) return true;
        }
        return needed - (inputs.prefixes?.cachedTokens(request, view.instance.id) ?? 0) <= free;
      };
      dropUnlessAll(fits, views.length, dropped, mark);
    },
  }),
});

function freeTokens({ report, work }: InstanceView, reserve: number): number {
  const size = report?.kvCacheTokens;
  if (size === undefined) return Number.POSITIVE_INFINITY;
  return (1 - reserve) * size - Math.max((report?.kvCacheUsage ?? 0) * size, work.kvTokens);
}
