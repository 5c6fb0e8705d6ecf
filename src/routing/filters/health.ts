/** Keeps instances that are `ready`. */

import type { Filter } from '../plugins.ts';

export const healthFilter: Filter = {
  name: 'health',
  apply(_request, views, dropped, mark) {
    for (let i = 0; i < views.length; i++) {
      if (dropped[i] === 0 && views[i]!.state !== 'ready') dropped[i] = mark;
    }
  },
};
