/** The better of two drawn at random (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", TPDS 2001). */

import { randomIndex } from '../../domain/index.ts';
import type { Picker } from '../plugins.ts';
import { bestPicker } from './best.ts';

export const powerOfTwoPicker: Picker = {
  name: 'power-of-two',
  pick(views, totals, context) {
    // Of two there is nothing to draw.
    if (views.length <= 2) return bestPicker.pick(views, totals, context);
    const { random } = context;
    const first = randomIndex(random, views.length);
    const other = randomIndex(random, views.length - 1);
    const second = other < first ? other : other + 1;
    return totals[second]! > totals[first]! ? second : first;
  },
};
