/** Preble's E2: exploit a prefix where most of the prompt is held, else explore where it costs the GPUs the least. */

import type { InstanceView } from '../../../domain/index.ts';
import { CachedTokens, Figures, uncachedTokens } from '../../figures.ts';
import { definePart, type Scorer } from '../../plugins.ts';
import { StepTimes } from '../../step-times.ts';
import { inShort, shareOfLeast } from '../normalise.ts';

/**
 * If more of the prompt is matched than not: the least L among those with the longest match. Else the least L + M + P, in
 * milliseconds of an engine: L = W + requests in flight · expected output · time per output token / batch, P = own prefill,
 * M = prefill of what would be evicted. After arXiv 2407.00023 and WukLab/preble global_scheduler_with_time.py. Preble takes L and M
 * from three minutes of history and each node's miss rate; ours from what is there now, what is evicted being as likely wanted again
 * as `reuse` says. It also moves subtrees between GPUs when the load is uneven, which ours leaves to exploring.
 */
export const preble = definePart({
  name: 'preble',
  describe:
    "Preble's E2: the least loaded holder of most of the prompt, else the least cost of computing it.",
  needs: ['prefixes', 'predictor'],
  parameters: {
    reuse: {
      type: 'number',
      default: 0.5,
      min: 0,
      max: 1,
      describe: 'How likely what is evicted will be wanted again.',
    },
    assumedKvTokens: {
      type: 'number',
      default: 262_144,
      min: 1,
      describe: 'KV cache of an instance that does not report its size, in tokens.',
    },
  },
  create({ reuse, assumedKvTokens }): Scorer {
    const cached = new CachedTokens();
    const figures = new Figures();
    const times = new StepTimes();
    return {
      name: 'preble',
      score(request, views, scores, measures, { nowMs, inputs }) {
        const predictor = inputs.predictor!;
        times.prepare(predictor, request.model, views, nowMs);
        const held = cached.of(request, views, inputs);
        const outputTokens = predictor.expectedOutputTokens(request);
        let most = 0;
        for (let i = 0; i < views.length; i++) if (held[i]! > most) most = held[i]!;
        const exploits = 2 * most > request.promptTokens;
        const inCache = figures.of(views.length);
        if (!exploits) inputs.prefixes!.heldTokensOfAll(views, inCache);
        for (let i = 0; i < views.length; i++) {
          const view = views[i]!;
          const tokenMs = times.tokenMs(view);
          const loadMs = times.queuedMs(view, tokenMs, nowMs) + decodingMs(view, times, outputTokens);
          const uncached = uncachedTokens(request, held[i]!);
          const ownMs =
            uncached * tokenMs + times.attentionMs(view, uncached, request.promptTokens - uncached);
          const room = (view.report?.kvCacheTokens ?? assumedKvTokens) - inCache[i]!;
          const evictedMs = exploits ? 0 : reuse * tokenMs * Math.max(0, uncached - room);
          const isHolder = !exploits || held[i] === most;
          measures[i] = isHolder ? loadMs + ownMs + evictedMs : Number.POSITIVE_INFINITY;
        }
        shareOfLeast(measures, views.length, scores);
      },
      describe: (ms) => (ms === Number.POSITIVE_INFINITY ? 'others hold more' : `costs ${inShort(ms)} ms`),
    };
  },
});

/** Steps are shared by the batch, so a request's part of their time is the time per token over the batch. */
function decodingMs(view: InstanceView, times: StepTimes, outputTokens: number): number {
  const { decodingRequests } = view.work;
  if (decodingRequests === 0) return 0;
  const perRequestMs = (outputTokens * times.outputTokenMs(view, 0)) / (decodingRequests + 1);
  return decodingRequests * perRequestMs;
}
