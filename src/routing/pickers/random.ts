/** Any of them, each with the same chance. */

import { randomIndex } from '../../domain/index.ts';
import type { Picker } from '../plugins.ts';

export const randomPicker: Picker = {
  name: 'random',
  pick: (views, _totals, { random }) => randomIndex(random, views.length),
};
