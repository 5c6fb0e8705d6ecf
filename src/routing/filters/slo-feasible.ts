/** Keeps instances that are predicted to answer in time; all, where none is. */

import type { RequestMetadata } from '../../domain/index.ts';
import { CachedTokens, uncachedTokens } from '../figures.ts';
import { definePart, type Filter } from '../plugins.ts';
import { StepTimes } from '../step-times.ts';
import { dropUnlessAll } from './at-least-one.ts';

/**
 * Keeps i where the predicted time to first token (W + p, see `StepTimes`) · safety ≤ what is left of the wanted time to first
 * token and of the deadline, whichever comes first, and the predicted time per output token ≤ the wanted one.
 */
export const sloFeasible = definePart({
  name: 'slo-feasible',
  describe: "Keeps instances predicted to meet the request's wanted times; all, where none is.",
  needs: ['predictor'],
  uses: ['prefixes'],
  parameters: {
    safety: { type: 'number', default: 1, min: 0.1, describe: 'By how much predictions are stretched.' },
  },
  create({ safety }): Filter {
    const cached = new CachedTokens();
    const times = new StepTimes();
    return {
      name: 'slo-feasible',
      isTransient: true,
      apply(request, views, dropped, mark, { nowMs, inputs }) {
        const leftMs = timeLeftMs(request, nowMs);
        const { tpotSloMs = Number.POSITIVE_INFINITY } = request;
        if (leftMs === Number.POSITIVE_INFINITY && tpotSloMs === Number.POSITIVE_INFINITY) return;
        times.prepare(inputs.predictor!, request.model, views, nowMs);
        const held = cached.of(request, views, inputs);
        const fits = (i: number): boolean => {
          const view = views[i]!;
          const uncached = uncachedTokens(request, held[i]!);
          const tokenMs = times.tokenMs(view);
          const ttftMs =
            times.queuedMs(view, tokenMs, nowMs) +
            uncached * tokenMs +
            times.attentionMs(view, uncached, request.promptTokens - uncached);
          if (ttftMs * safety > leftMs) return false;
          return times.outputTokenMs(view, request.promptTokens) * safety <= tpotSloMs;
        };
        dropUnlessAll(fits, views.length, dropped, mark);
      },
    };
  },
});

function timeLeftMs({ arrivalMs, ttftSloMs, deadlineMs }: RequestMetadata, nowMs: number): number {
  const firstTokenDueMs = arrivalMs + (ttftSloMs ?? Number.POSITIVE_INFINITY);
  return Math.min(firstTokenDueMs, deadlineMs ?? Number.POSITIVE_INFINITY) - nowMs;
}
