/** Keeps instances whose window has room, in requests and in prompt tokens, and whose engine did not just say it is full. */

import type { Filter } from '../plugins.ts';

/** A prompt larger than the whole window may still go to an instance that has no other prompt before it. */
export const windowFilter: Filter = {
  name: 'window',
  isTransient: true,
  keeps: ({ promptTokens }, view, { nowMs }) =>
    view.inFlightRequests < view.windowRequests &&
    view.restingUntilMs <= nowMs &&
    (view.pendingPrefillTokens === 0 ||
      view.pendingPrefillTokens + promptTokens <= view.instance.maxPrefillTokens),
};
