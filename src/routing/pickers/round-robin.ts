/** The one that was served longest ago, which is round robin for any fleet, also while instances come and go. */

import type { Picker } from '../plugins.ts';

export const roundRobinPicker: Picker = {
  name: 'round-robin',
  pick(views) {
    let oldest = 0;
    for (let i = 1; i < views.length; i++) {
      if (views[i]!.lastDispatchOrder < views[oldest]!.lastDispatchOrder) oldest = i;
    }
    return oldest;
  },
};
