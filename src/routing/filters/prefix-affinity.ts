/** Keeps the instances that hold nearly all of the prompt, unless they are so busy that computing it elsewhere is sooner. */

import type { InstanceView } from '../../domain/index.ts';
import { CachedTokens, Figures } from '../figures.ts';
import { definePart, type Filter } from '../plugins.ts';
import { StepTimes } from '../step-times.ts';

/**
 * llm-d's prefix-cache-affinity-filter: where some hold ≥ `share` of the prompt, the others go, unless the soonest of the holders
 * is later by more than `maxPenaltyMs` than the soonest of all; and with probability `exploration` nobody goes. Sooner is the time
 * for the prompts that are queued: the predictor's, or tokens in flight / `tokensPerSecond` as llm-d has it.
 */
export const prefixAffinity = definePart({
  name: 'prefix-affinity',
  describe: 'Keeps the holders of nearly all of the prompt, unless they are too much later than others.',
  needs: ['prefixes'],
  uses: ['predictor'],
  parameters: {
    share: { type: 'number', default: 0.8, min: 0, max: 1, describe: 'Share of the prompt of a holder.' },
    maxPenaltyMs: {
      type: 'number',
      default: 18_000,
      min: 0,
      describe: 'Milliseconds by which the holders may be later.',
    },
    exploration: {
      type: 'number',
      default: 0,
      min: 0,
      max: 1,
      describe: 'Probability that a request may go anywhere, to learn of other instances.',
    },
    tokensPerSecond: {
      type: 'number',
      default: 15_928,
      min: 1,
      describe: 'Prompt tokens an instance computes per second, where there is no predictor.',
    },
  },
  create({ share, maxPenaltyMs, exploration, tokensPerSecond }): Filter {
    const cached = new CachedTokens();
    const figures = new Figures();
    const times = new StepTimes();
    return {
      name: 'prefix-affinity',
      isTransient: true,
      apply(request, views, dropped, mark, { nowMs, random, inputs }) {
        const held = cached.of(request, views, inputs);
        const needed = Math.max(1, share * request.promptTokens);
        let holders = 0;
        for (let i = 0; i < views.length; i++) if (dropped[i] === 0 && held[i]! >= needed) holders++;
        if (holders === 0 || (exploration > 0 && random.next() < exploration)) return;
        const waits = figures.of(views.length);
        const { predictor } = inputs;
        if (predictor !== undefined) times.prepare(predictor, request.model, views, nowMs);
        const waitMs = (view: InstanceView): number =>
          predictor === undefined
            ? (1_000 * view.work.kvTokens) / tokensPerSecond
            : times.queuedMs(view, times.tokenMs(view), nowMs);
        let soonest = Number.POSITIVE_INFINITY;
        let soonestHolder = Number.POSITIVE_INFINITY;
        for (let i = 0; i < views.length; i++) {
          if (dropped[i] !== 0) continue;
          waits[i] = waitMs(views[i]!);
          soonest = Math.min(soonest, waits[i]!);
          if (held[i]! >= needed) soonestHolder = Math.min(soonestHolder, waits[i]!);
        }
        if (soonestHolder - soonest > maxPenaltyMs) return;
        for (let i = 0; i < views.length; i++) if (dropped[i] === 0 && held[i]! < needed) dropped[i] = mark;
      },
    };
  },
});
