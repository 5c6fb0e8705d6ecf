/** The highest total; chance decides among equals. */

import type { Picker } from '../plugins.ts';

export const bestPicker: Picker = {
  name: 'best',
  pick(views, totals, { random }) {
    let best = 0;
    let equals = 1;
    for (let i = 1; i < views.length; i++) {
      const total = totals[i]!;
      if (total > totals[best]!) {
        best = i;
        equals = 1;
      } else if (total === totals[best]!) {
        // Reservoir sampling: each of the k equals seen so far is the best one with probability 1/k.
        equals++;
        if (random.next() * equals < 1) best = i;
      }
    }
    return best;
  },
};
