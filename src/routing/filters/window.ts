/** Keeps instances whose window has room, in requests and in prompt tokens, and whose engine did not just say it is full. */

import type { InstanceView } from '../instance-view.ts';
import type { Filter } from '../plugins.ts';

const NO_FLAGS = new Uint8Array(0);

export const windowFilter: Filter = {
  name: 'window',
  isTransient: true,
  apply({ promptTokens }, views, dropped, mark, { nowMs, windows }) {
    const isFullAt = windows !== undefined && windows.views === views ? windows.isFull : NO_FLAGS;
    for (let i = 0; i < views.length; i++) {
      if (dropped[i] !== 0) continue;
      if (isFullAt[i] === 1) {
        dropped[i] = mark;
        continue;
      }
      const view = views[i]!;
      const isFull = view.inFlightRequests >= view.windowRequests || view.restingUntilMs > nowMs;
      if (isFull || !hasPrefillRoom(view, promptTokens)) dropped[i] = mark;
    }
  },
};

/** A prompt larger than the whole window may still go to an instance that has no other prompt before it. */
function hasPrefillRoom({ pendingPrefillTokens, instance }: InstanceView, promptTokens: number): boolean {
  return pendingPrefillTokens === 0 || pendingPrefillTokens + promptTokens <= instance.maxPrefillTokens;
}
