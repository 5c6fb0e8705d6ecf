/** NVIDIA Dynamo's KV router: blocks to compute plus blocks resident, the least is best. */

import { CachedTokens, uncachedTokens } from '../../figures.ts';
import { definePart, type Scorer } from '../../plugins.ts';
import { inShort, shareOfLeast } from '../normalise.ts';

/**
 * cost = overlapWeight · (queued uncached tokens + own) / block + (KV tokens of all in flight + prompt) / block, after
 * ai-dynamo/dynamo, docs/components/router/router-concepts.md. Dynamo learns what is cached from the engines' KV events, and takes
 * the softmax over costs when its temperature is above 0; ours takes it from the prefix index, and the picker is chosen apart.
 */
export const dynamo = definePart({
  name: 'dynamo',
  describe: "Dynamo's cost: blocks to compute, weighted, plus blocks resident; the least is best.",
  needs: ['prefixes'],
  parameters: {
    overlapWeight: { type: 'number', default: 1, min: 0, describe: 'Weight of the blocks to compute.' },
    blockTokens: { type: 'number', default: 16, min: 1, describe: 'Tokens per block of KV cache.' },
  },
  create({ overlapWeight, blockTokens }): Scorer {
    const cached = new CachedTokens();
    return {
      name: 'dynamo',
      score(request, views, scores, measures, { inputs }) {
        const held = cached.of(request, views, inputs);
        for (let i = 0; i < views.length; i++) {
          const { uncachedTokens: queued, kvTokens } = views[i]!.work;
          const prefill = queued + uncachedTokens(request, held[i]!);
          measures[i] = (overlapWeight * prefill + kvTokens + request.promptTokens) / blockTokens;
        }
        shareOfLeast(measures, views.length, scores);
      },
      describe: (blocks) => `${inShort(blocks)} blocks to compute and resident`,
    };
  },
});
