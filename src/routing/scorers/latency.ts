/** The sooner the answer is predicted to come, the better. */

import { CachedTokens, uncachedTokens } from '../figures.ts';
import { definePart, type Scorer } from '../plugins.ts';
import { StepTimes } from '../step-times.ts';
import { inShort, shareOfLeast } from './normalise.ts';

/** latency = W + p + outputTokens · time per output token, as in `StepTimes`; score = least latency / latency. */
export const latency = definePart({
  name: 'latency',
  describe: 'The sooner the first token (or the whole answer) is predicted to come, the better.',
  needs: ['predictor'],
  uses: ['prefixes'],
  parameters: {
    countsOutput: {
      type: 'boolean',
      default: false,
      describe: 'Whether the whole answer counts, of the length that the predictor expects.',
    },
  },
  create({ countsOutput }): Scorer {
    const cached = new CachedTokens();
    const times = new StepTimes();
    return {
      name: 'latency',
      score(request, views, scores, measures, { nowMs, inputs }) {
        const predictor = inputs.predictor!;
        times.prepare(predictor, request.model, views, nowMs);
        const held = cached.of(request, views, inputs);
        const outputTokens = countsOutput ? predictor.expectedOutputTokens(request) : 0;
        for (let i = 0; i < views.length; i++) {
          const view = views[i]!;
          const uncached = uncachedTokens(request, held[i]!);
          const tokenMs = times.tokenMs(view);
          const ownMs =
            uncached * tokenMs + times.attentionMs(view, uncached, request.promptTokens - uncached);
          const outputMs =
            outputTokens === 0 ? 0 : outputTokens * times.outputTokenMs(view, request.promptTokens);
          measures[i] = times.queuedMs(view, tokenMs, nowMs) + ownMs + outputMs;
        }
        shareOfLeast(measures, views.length, scores);
      },
      describe: (ms) => `predicted in ${inShort(ms)} ms`,
    };
  },
});
