/** Each with a chance in proportion to its total; totals of 0 and below have none, unless all are so. */

import { randomIndex } from '../../domain/index.ts';
import type { Picker } from '../plugins.ts';

export const weightedRandomPicker: Picker = {
  name: 'weighted-random',
  pick(views, totals, { random }) {
    let sum = 0;
    let last = -1;
    for (let i = 0; i < views.length; i++) {
      if (!(totals[i]! > 0)) continue;
      sum += totals[i]!;
      last = i;
    }
    if (last < 0 || sum === Number.POSITIVE_INFINITY) return randomIndex(random, views.length);
    let left = random.next() * sum;
    for (let i = 0; i < last; i++) {
      if (!(totals[i]! > 0)) continue;
      left -= totals[i]!;
      if (left < 0) return i;
    }
    return last;
  },
};
